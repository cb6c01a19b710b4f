"""Token buckets inside one process."""

import time

from adapters.counters.rule import checked

_PRUNE_AT = 10_000
_SECOND = 1_000_000_000


class MemoryCounters:
    """The `Counters` port for one event loop: nothing awaits between reading a bucket and writing it.

    A bucket is kept as the moment at which it will be full, in whole nanoseconds, so that nothing drifts.
    """

    def __init__(self) -> None:
        self._full_at: dict[str, int] = {}

    async def take(self, key: str, *, capacity: int, per_second: float, amount: int = 1) -> float:
        checked(capacity, per_second, amount)
        now = time.monotonic_ns()
        if len(self._full_at) >= _PRUNE_AT and key not in self._full_at:
            self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > now}
        full_at = max(self._full_at.get(key, now), now) + round(amount / per_second * _SECOND)
        wait = full_at - now - round(capacity / per_second * _SECOND)
        if wait > 0:
            return wait / _SECOND
        self._full_at[key] = full_at
        return 0.0

    async def close(self) -> None:
        self._full_at.clear()
