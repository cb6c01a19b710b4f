"""The counters that the settings name."""

from adapters.counters.fallback import FallbackCounters
from adapters.counters.memory import MemoryCounters
from domain.ports import Counters

QUICK = 1.0
"""Seconds that a request waits for Redis before it is counted without it."""


def open_counters(redis_url: str | None) -> Counters:
    """Shared through Redis for a URL; inside the process without one. Raises StorageUnavailable when Redis is away."""
    if not redis_url:
        return MemoryCounters()
    from adapters.counters.redis_buckets import RedisCounters  # noqa: PLC0415 - only who uses Redis imports its SDK

    return RedisCounters(redis_url)


def open_request_counters(redis_url: str | None) -> Counters:
    """The same for what each request takes from: never waits long for Redis, and does without it while it is away."""
    if not redis_url:
        return MemoryCounters()
    from adapters.counters.redis_buckets import RedisCounters  # noqa: PLC0415 - only who uses Redis imports its SDK

    return FallbackCounters(RedisCounters(redis_url, timeout=QUICK))
