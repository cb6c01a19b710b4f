"""Token buckets inside one process."""

import time
from collections.abc import Sequence

from adapters.counters.rule import checked, level
from domain.rates import Bucket, Level

_PRUNE_AT = 10_000
_SECOND = 1_000_000_000


class MemoryCounters:
    """The `Counters` port for one event loop: nothing awaits between reading a bucket and writing it.

    A bucket is kept as the moment at which it will be full, in whole nanoseconds, so that nothing drifts. Full ones
    are forgotten whenever there are twice as many buckets as were left the last time.
    """

    def __init__(self) -> None:
        self._full_at: dict[str, int] = {}
        self._prune_at = _PRUNE_AT

    async def take(self, key: str, *, capacity: int, per_second: float, amount: int = 1) -> float:
        (taken,) = await self.take_all([Bucket(key, capacity, per_second)], amount=amount)
        return taken.wait

    async def take_all(self, buckets: Sequence[Bucket], *, amount: int = 1) -> list[Level]:
        now = time.monotonic_ns()
        before, after, waits = [], [], []
        for key, capacity, per_second in buckets:
            checked(capacity, per_second, amount)
            full_at = self._full_at.get(key, now)
            full_at = max(full_at, now)
            then = full_at + round(amount / per_second * _SECOND)
            wait = then - now - round(capacity / per_second * _SECOND)
            before.append(full_at)
            after.append(then)
            waits.append(max(0, wait))
        taken = not any(waits)
        if taken:
            self._keep(buckets, after, now)
        return [
            level(wait / _SECOND, (full_at - now) / _SECOND, bucket.capacity, bucket.per_second)
            for bucket, wait, full_at in zip(buckets, waits, after if taken else before, strict=True)
        ]

    def _keep(self, buckets: Sequence[Bucket], full_at: list[int], now: int) -> None:
        for bucket, then in zip(buckets, full_at, strict=True):
            self._full_at[bucket.key] = then
        if len(self._full_at) >= self._prune_at:
            self._full_at = {name: then for name, then in self._full_at.items() if then > now}
            self._prune_at = max(_PRUNE_AT, 2 * len(self._full_at))

    async def close(self) -> None:
        self._full_at.clear()
