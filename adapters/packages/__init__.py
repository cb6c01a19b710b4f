"""Packages: requirements resolved to a lock with hashes, and the wheels that it names, verified."""

from adapters.packages.files import locked
from adapters.packages.packages import Packages
from adapters.packages.pylock import parse
from adapters.packages.requirements import admitted, requirement
from adapters.packages.settings import PackageSettings

__all__ = ["PackageSettings", "Packages", "admitted", "locked", "parse", "requirement"]
