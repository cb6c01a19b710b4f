"""Opaque cursors: a moment and what tells apart the rows of that moment."""

import base64
import binascii
import json
from datetime import datetime

from domain.errors import InvalidInput


def closed(at: datetime, *rest: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), *rest]).encode()).decode()


def opened(cursor: str, *, parts: int) -> tuple[datetime, list[str]]:
    """The moment and `parts` words. Raises InvalidInput."""
    try:
        at, *rest = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise _not_ours() from error
    if moment.tzinfo is None or len(rest) != parts or not all(isinstance(one, str) for one in rest):
        raise _not_ours()
    return moment, rest


def _not_ours() -> InvalidInput:
    return InvalidInput("This cursor is not one that was given out; begin again without one.", field="cursor")
