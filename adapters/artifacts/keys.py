"""What both stores have in common: safe keys, and checking what was read."""

import re

from domain.artifacts import ArtifactRef, content_hash
from domain.errors import Corrupted, InvalidInput, NotFound

# No part may begin with a dot, so that none is `.` or `..`, and none is hidden.
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")
MAX_KEY = 512


def checked_key(key: str) -> str:
    """The key, if it is one that is safe as a path. Raises InvalidInput."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise InvalidInput(
            f"{key[:80]!r} is not a key: letters, digits, `_.+-`, and slashes between parts.", field="key"
        )
    return key


def object_key(ref: ArtifactRef) -> str:
    """Where the bytes of a hash are, spread over 256 folders."""
    digest = ref.hash.removeprefix("sha256:")
    return f"sha256/{digest[:2]}/{digest[2:]}"


def verified(ref: ArtifactRef, data: bytes) -> bytes:
    """The bytes, if they are the ones the reference names. Raises Corrupted."""
    found = content_hash(data)
    if found != ref.hash:
        raise Corrupted(f"The artifact {ref.hash} was read back as {found}.", expected=ref.hash, found=found)
    return data


def absent(what: str) -> NotFound:
    return NotFound(f"There is no artifact {what}.", artifact=what)
