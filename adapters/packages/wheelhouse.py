"""Wheels on disk, by their hash. What is there under its name has been verified."""

import asyncio
import contextlib
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

import httpx

from adapters.packages.resolver import VENDOR
from adapters.packages.settings import PackageSettings
from domain.errors import Corrupted, InvalidInput, VendorRateLimited, VendorRejected, VendorUnavailable
from domain.packages import Lock, LockedPackage

_AT_ONCE = 8
_MAX_REDIRECTS = 5
_CHUNK = 1 << 16


class Wheelhouse:
    """`root/{sha256}/{filename}`, shared by processes: a file gets its name in one step, once its hash is right."""

    def __init__(self, root: Path, settings: PackageSettings) -> None:
        self._root = root
        self._settings = settings

    async def wheels(self, lock: Lock) -> list[Path]:
        """The lock's wheels in its order; those that are missing are fetched from where it says.

        Raises Corrupted, InvalidInput, VendorUnavailable, VendorRateLimited, VendorRejected.
        """
        paths = [self._root / package.sha256 / package.wheel for package in lock.packages]
        there = await asyncio.to_thread(lambda: [path.is_file() for path in paths])
        missing = [
            (package, path) for package, path, found in zip(lock.packages, paths, there, strict=True) if not found
        ]
        if missing:
            await self._fetch_all(missing)
        return paths

    async def _fetch_all(self, missing: Sequence[tuple[LockedPackage, Path]]) -> None:
        timeout = httpx.Timeout(self._settings.read_timeout, connect=self._settings.connect_timeout)
        limits = httpx.Limits(max_connections=_AT_ONCE)
        async with httpx.AsyncClient(
            timeout=timeout, limits=limits, follow_redirects=True, max_redirects=_MAX_REDIRECTS
        ) as client:
            slots = asyncio.Semaphore(_AT_ONCE)
            done = await asyncio.gather(
                *(self._fetch(client, slots, package, path) for package, path in missing), return_exceptions=True
            )
        # What could be fetched is kept for the next attempt.
        for error in done:
            if error is not None:
                raise error

    async def _fetch(
        self, client: httpx.AsyncClient, slots: asyncio.Semaphore, package: LockedPackage, path: Path
    ) -> None:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".", suffix=".part", dir=path.parent) as file:
            async with slots:
                try:
                    found = await self._receive(client, package, file)
                except httpx.TransportError as error:
                    raise VendorUnavailable(
                        f"{package.wheel} could not be fetched from the package index: {type(error).__name__} {error}",
                        vendor=VENDOR,
                    ) from error
            if found != package.sha256:
                raise Corrupted(
                    f"What the package index served as {package.wheel} is not what the lock names: its SHA-256 differs."
                    " It was thrown away.",
                    expected=package.sha256,
                    found=found,
                )
            # A second name for what was verified; a rival may have been first with the same bytes.
            os.fchmod(file.fileno(), 0o644)
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)

    async def _receive(self, client: httpx.AsyncClient, package: LockedPackage, file: IO[bytes]) -> str:
        """Write what is served to `file`. Returns its SHA-256."""
        digest, size, most = hashlib.sha256(), 0, self._settings.max_bytes
        asked = client.stream(
            "GET", package.url, headers={"Accept-Encoding": "identity"}, auth=self._credentials(package.url)
        )
        async with asked as answer:
            _refuse(answer, package)
            async for chunk in answer.aiter_raw(_CHUNK):
                size += len(chunk)
                if size > most:
                    raise InvalidInput(f"{package.wheel} is larger than {most} bytes.", field="requirements")
                digest.update(chunk)
                file.write(chunk)
        file.flush()
        return digest.hexdigest()

    def _credentials(self, url: str) -> tuple[str, str] | None:
        """The index's own, for files that it keeps itself."""
        if self._settings.index_url is None:
            return None
        index, file = urlsplit(self._settings.index_url.get_secret_value()), urlsplit(url)
        if index.username is None or (index.scheme, index.netloc.rpartition("@")[2]) != (file.scheme, file.netloc):
            return None
        return unquote(index.username), unquote(index.password or "")


def _refuse(answer: httpx.Response, package: LockedPackage) -> None:
    """Raises what an answer without a file means."""
    status = answer.status_code
    said = f"The package index answered {status} for {package.wheel}."
    if status == httpx.codes.TOO_MANY_REQUESTS:
        after = answer.headers.get("retry-after", "")
        raise VendorRateLimited(said, vendor=VENDOR, retry_after=float(after) if after.isdecimal() else None)
    if status >= 500:
        raise VendorUnavailable(said, vendor=VENDOR)
    if status != httpx.codes.OK:
        raise VendorRejected(said, vendor=VENDOR)
