"""A stand-in for any outside API: it answers each operation of an OpenAPI document with a sample of its schema."""

from simulators.outside.app import create_app

__all__ = ["create_app"]
