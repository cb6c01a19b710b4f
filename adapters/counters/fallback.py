"""Shared buckets, and the process's own while Redis is away."""

import logging
import time
from collections.abc import Sequence

from adapters.counters.memory import MemoryCounters
from domain.errors import StorageUnavailable
from domain.ports import Counters
from domain.rates import Bucket, Level

_log = logging.getLogger("ccb.counters")
ASK_AGAIN = 5.0


class FallbackCounters:
    """The `Counters` port over `shared`, which stands in for it while it is away.

    Limits protect the service: without Redis, refusing everybody would be the outage that they are to prevent, and
    counting nobody would let one client make it. So each process then counts by itself, with the same figures; all of
    them together let through at most as many times more as there are processes. Redis is asked again after
    `ask_again` seconds, so that few requests wait for it.
    """

    def __init__(self, shared: Counters, *, ask_again: float = ASK_AGAIN) -> None:
        self._shared = shared
        self._own = MemoryCounters()
        self._ask_again = ask_again
        self._away_until: float | None = None

    @property
    def shared(self) -> bool:
        """Whether the last request was counted together with the other processes'."""
        return self._away_until is None

    async def take(self, key: str, *, capacity: int, per_second: float, amount: int = 1) -> float:
        (taken,) = await self.take_all([Bucket(key, capacity, per_second)], amount=amount)
        return taken.wait

    async def take_all(self, buckets: Sequence[Bucket], *, amount: int = 1) -> list[Level]:
        away = self._away_until
        if away is not None and time.monotonic() < away:
            return await self._own.take_all(buckets, amount=amount)
        if away is not None:
            # This one asks; the others go on as they are meanwhile.
            self._away_until = time.monotonic() + self._ask_again
        try:
            taken = await self._shared.take_all(buckets, amount=amount)
        except StorageUnavailable as error:
            if self._away_until is None:
                _log.warning("counters are away; each process counts by itself", extra={"error": error.message})
            self._away_until = time.monotonic() + self._ask_again
            return await self._own.take_all(buckets, amount=amount)
        if away is not None:
            _log.info("counters are shared again")
        self._away_until = None
        return taken

    async def close(self) -> None:
        await self._shared.close()
        await self._own.close()
