"""Deliveries that come at once are stored at once: one statement and one flush to the disk for all of them.

The first is stored as it comes. Those that come while it is written are the next group, so that nobody waits for
company, and a group is as large as the load is. Each is answered after the commit that it is in, or refused with it.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from domain.deliveries import Arrived

MOST = 64
"""Deliveries in a group."""
MOST_BYTES = 4_000_000
"""Of a group that more are added to: one delivery alone may be larger."""


class Stores(Protocol):
    """Of the `Deliveries` port."""

    async def store(self, arrived: Sequence[Arrived]) -> list[bool]: ...


class _Group:
    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self.size = 0
        self.stored: asyncio.Task[list[bool]] | None = None

    @property
    def full(self) -> bool:
        return len(self.arrived) >= MOST or self.size >= MOST_BYTES

    def add(self, one: Arrived) -> int:
        """Its place."""
        self.arrived.append(one)
        self.size += len(one.body)
        return len(self.arrived) - 1


class Storing:
    """`store` of the `Deliveries` port, for one delivery among many."""

    def __init__(self, deliveries: Stores) -> None:
        self._deliveries = deliveries
        self._open: _Group | None = None
        self._turn = asyncio.Lock()

    async def store(self, arrived: Arrived) -> bool:
        """False if this delivery was stored before. Raises StorageUnavailable for all of its group."""
        group = self._open
        if group is None or group.full or group.stored is None:
            group = self._open = _Group()
            group.stored = asyncio.create_task(self._write(group))
        place = group.add(arrived)
        # Who gives up waiting takes nothing from the others.
        return (await asyncio.shield(group.stored))[place]

    async def _write(self, group: _Group) -> list[bool]:
        async with self._turn:
            if self._open is group:
                self._open = None
            return await self._deliveries.store(group.arrived)
