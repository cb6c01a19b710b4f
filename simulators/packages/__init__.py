"""A stand-in for a package index, which serves as wheels what is installed beside it."""

from simulators.packages.app import create_app

__all__ = ["create_app"]
