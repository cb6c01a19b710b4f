"""A stand-in for the vulnerability database OSV, which knows of nothing until it is told."""

from simulators.osv.app import create_app

__all__ = ["create_app"]
