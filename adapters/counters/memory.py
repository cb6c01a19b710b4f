"""Token buckets inside one process."""

import time

from adapters.counters.rule import checked

_PRUNE_AT = 10_000


class MemoryCounters:
    """The `Counters` port for one event loop: nothing awaits between reading a bucket and writing it."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}

    async def take(self, key: str, *, capacity: int, per_second: float, amount: int = 1) -> float:
        """A bucket is kept as the moment at which it will be full."""
        checked(capacity, per_second, amount)
        now = time.monotonic()
        if len(self._full_at) >= _PRUNE_AT and key not in self._full_at:
            self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > now}
        full_at = max(self._full_at.get(key, now), now) + amount / per_second
        wait = full_at - now - capacity / per_second
        if wait > 0:
            return wait
        self._full_at[key] = full_at
        return 0.0

    async def close(self) -> None:
        self._full_at.clear()
