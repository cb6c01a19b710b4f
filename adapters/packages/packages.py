"""Requirements to a lock, a lock to wheels. No package's code runs for either."""

import asyncio
import hashlib
import json
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from adapters.packages import pylock
from adapters.packages.files import locked, write
from adapters.packages.metadata import described
from adapters.packages.requirements import canonical
from adapters.packages.resolver import PYTHON, resolve
from adapters.packages.settings import PackageSettings
from adapters.packages.wheelhouse import Wheelhouse
from domain.packages import Lock

_FORM = 1  # part of the key: raise it when what is kept of a resolution changes


class Packages:
    """Locks and wheels below `root`, which processes share: `locks/`, `wheels/` and uv's own cache."""

    def __init__(self, root: Path, settings: PackageSettings) -> None:
        self.root = root.absolute()
        self.settings = settings
        self._wheelhouse = Wheelhouse(self.root / "wheels", settings)

    async def lock(self, requirements: Sequence[str]) -> Lock:
        """Requirements resolved to wheels for this Python and machine, with what the wheels say of themselves.

        The same again within `max_age` is the same lock, also while the index is away. Raises InvalidInput for what
        is no requirement, is unknown, cannot be had together or not as wheels; VendorUnavailable, VendorRateLimited or
        VendorRejected if the index cannot be read; Corrupted if it serves another file than it says.
        """
        wanted = canonical(requirements)
        path = self.root / "locks" / f"{self._key(wanted)}.json"
        found = await asyncio.to_thread(self._kept, path)
        if found is None:
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            async with locked(path.with_suffix(".lock")):
                found = await asyncio.to_thread(self._kept, path)
                if found is None:
                    found = await self._resolved(wanted)
                    await asyncio.to_thread(write, path, found.model_dump_json().encode())
        return found

    async def wheels(self, lock: Lock) -> list[Path]:
        """The lock's wheels, in its order, as files whose hash has been verified; missing ones are fetched.

        Raises Corrupted for another content, InvalidInput for a wheel that is too large, VendorUnavailable,
        VendorRateLimited or VendorRejected if one cannot be fetched.
        """
        return await self._wheelhouse.wheels(lock)

    async def _resolved(self, requirements: list[str]) -> Lock:
        text = await resolve(requirements, self.settings, cache=self.root / "uv")
        lock = pylock.parse(pylock.signed(text, requirements))
        wheels = await self.wheels(lock)
        packages = await asyncio.to_thread(described, lock.packages, wheels, requirements)
        return lock.model_copy(update={"packages": packages})

    def _kept(self, path: Path) -> Lock | None:
        try:
            age = time.time() - path.stat().st_mtime
            return Lock.model_validate_json(path.read_bytes()) if 0 <= age < self.settings.max_age else None
        except (FileNotFoundError, ValidationError):
            return None

    def _key(self, requirements: list[str]) -> str:
        """What a resolution depends on. Hashed, since an index's address may hold a password."""
        index, before = self.settings.index_url, self.settings.exclude_newer
        parts = [index.get_secret_value() if index else None, before.isoformat() if before else None]
        machine = [PYTHON, sys.implementation.name, sys.platform, platform.machine(), *platform.libc_ver()]
        return hashlib.sha256(json.dumps([_FORM, requirements, parts, machine]).encode()).hexdigest()[:32]
