"""Artifacts as files. A file is written beside its place, flushed to the disk and renamed: it is whole or not there."""

import asyncio
import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.artifacts.keys import absent, checked_key, object_key, verified
from domain.artifacts import ArtifactRef, content_hash
from domain.errors import Corrupted, StorageUnavailable

_STALE_SECONDS = 3600


class FileArtifacts:
    """The `Artifacts` port over a folder. Several processes may share it."""

    def __init__(self, root: Path) -> None:
        """Makes the folders and removes what writers that were killed left behind. Raises StorageUnavailable."""
        self._root = root.absolute()
        self._objects, self._published = self._root / "objects", self._root / "published"
        self._writing = self._root / "writing"
        with self._translated():
            for folder in (self._objects, self._published, self._writing):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for left in self._writing.iterdir():
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    left.unlink(missing_ok=True)

    async def put(self, data: bytes, media_type: str) -> ArtifactRef:
        """Bytes that are there and whole are not written again; damaged ones are repaired."""
        ref = ArtifactRef(hash=content_hash(data), size=len(data), media_type=media_type)
        await asyncio.to_thread(self._put, self._objects / object_key(ref), data)
        return ref

    async def get(self, ref: ArtifactRef) -> bytes:
        data = await asyncio.to_thread(self._read, self._objects / object_key(ref), ref.hash)
        return verified(ref, data)

    async def publish(self, key: str, data: bytes, media_type: str) -> str:
        path = self._published / checked_key(key)
        await asyncio.to_thread(self._put, path, data)
        if await asyncio.to_thread(self._read, path, key) != data:
            raise Corrupted(f"{key} was not read back as it was published.", key=key)
        return path.as_uri()

    async def read(self, key: str) -> bytes:
        return await asyncio.to_thread(self._read, self._published / checked_key(key), key)

    async def remove(self, key: str) -> None:
        await asyncio.to_thread(self._remove, self._published / checked_key(key))

    async def published(self, prefix: str = "") -> list[str]:
        return await asyncio.to_thread(self._list, prefix)

    def _put(self, path: Path, data: bytes) -> None:
        with self._translated():
            if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
                return
            self._make(path.parent)
            descriptor, name = tempfile.mkstemp(dir=self._writing)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            _sync(path.parent)

    def _make(self, folder: Path) -> None:
        """Make a folder with those above it, each flushed into the one that holds it."""
        if folder.is_dir():
            return
        self._make(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)
        _sync(folder.parent)

    def _read(self, path: Path, what: str) -> bytes:
        with self._translated():
            try:
                return path.read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise absent(what) from error

    def _remove(self, path: Path) -> None:
        with self._translated():
            if not path.is_file():
                return
            path.unlink(missing_ok=True)
            _sync(path.parent)

    def _list(self, prefix: str) -> list[str]:
        with self._translated():
            keys = (
                path.relative_to(self._published).as_posix() for path in self._published.rglob("*") if path.is_file()
            )
            return sorted(key for key in keys if key.startswith(prefix))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                message = f"The disk that holds the artifacts ({self._root}) is full; free some space."
            else:
                why = error.strerror or str(error)
                message = f"The artifact folder {self._root} cannot be used: {why}. Check its owner and the disk."
            raise StorageUnavailable(message, folder=str(self._root)) from error


def _sync(folder: Path) -> None:
    """Flush a folder, so that a rename in it outlives a power cut (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
