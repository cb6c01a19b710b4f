"""Artifacts: bytes addressed by their hash. Big things live here; histories carry references."""

import hashlib
from collections.abc import Mapping

from domain.base import Data
from domain.ids import ContentHash


class ArtifactRef(Data):
    """A reference to immutable bytes. `size` is in bytes; `media_type` as in RFC 6838."""

    hash: ContentHash
    size: int
    media_type: str = "application/octet-stream"


def content_hash(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def files_hash(files: Mapping[str, str]) -> str:
    """The content hash of a set of text files: what an approval binds to.

    SHA-256 over `path NUL sha256(content) LF`, sorted by path, so that it depends on nothing but paths and bytes.
    """
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{hashlib.sha256(files[path].encode()).hexdigest()}\n".encode())
    return "sha256:" + digest.hexdigest()
