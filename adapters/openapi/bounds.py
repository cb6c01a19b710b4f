"""How large a document may be, and how its refusal reads."""

from collections.abc import Sequence

from domain.errors import DocumentTooLarge, InvalidDocument

MAX_DEPTH = 200
"""Levels of nesting. Real documents stay below 80; Python's own JSON and ours recurse, so there must be a bound."""

MAX_VALUES = 3_000_000
"""Values in a document. An empty list takes 3 bytes of JSON and 64 bytes of memory."""

MAX_HOPS = 50
"""References in a row before it is called a loop."""


def refused(sentence: str, *, place: Sequence[str] = ()) -> InvalidDocument:
    return InvalidDocument(
        f"The API document cannot be used: {sentence}", field=pointer(place) if place else "document"
    )


def too_large(size: int | None, limit: int) -> DocumentTooLarge:
    """`size` in bytes; None if reading stopped at the limit."""
    found = f"is {size / 1e6:.1f} MB" if size is not None else f"is larger than {limit / 1e6:g} MB"
    return DocumentTooLarge(
        f"The API document {found}; at most {limit / 1e6:g} MB are read. Give one with only the operations needed.",
        field="document",
        limit=limit,
    )


def pointer(place: Sequence[str]) -> str:
    """A JSON pointer as a URI fragment (RFC 6901 §6), cut where it would not be readable."""
    text = "#" + "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in place)
    return text if len(text) <= 300 else text[:299] + "…"
