"""Things that are fetched rarely: once at a time, kept for a while, fetched anew on demand but not too often."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

_Thing = TypeVar("_Thing")
Clock = Callable[[], float]
"""Seconds that only grow."""
_SOONEST = 5.0
"""Seconds between two fetches, whoever demands them: strangers can name keys that are nowhere."""


class Cached(Generic[_Thing]):
    """`fetch` gives the thing; its errors are the caller's, and are not kept."""

    def __init__(self, fetch: Callable[[], Awaitable[_Thing]], *, seconds: float, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._kept: tuple[float, _Thing] | None = None

    async def get(self, *, anew: bool = False) -> _Thing:
        async with self._turn:
            allowed = min(self._seconds, _SOONEST) if anew else self._seconds
            if self._kept is None or self._clock() - self._kept[0] > allowed:
                self._kept = (self._clock(), await self._fetch())
            return self._kept[1]
