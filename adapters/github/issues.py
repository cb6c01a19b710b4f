"""Reading a request out of an issue, as out of a tracker's ticket."""

from domain.asking import Asked, read

__all__ = ["Asked", "read"]
