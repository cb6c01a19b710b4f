"""The vulnerability database OSV (osv.dev)."""

from adapters.osv.client import Osv, Vulnerability
from adapters.osv.settings import OsvSettings

__all__ = ["Osv", "OsvSettings", "Vulnerability"]
