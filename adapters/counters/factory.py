"""The counters that the settings name."""

from adapters.counters.memory import MemoryCounters
from domain.ports import Counters


def open_counters(redis_url: str | None) -> Counters:
    """Shared through Redis for a URL; inside the process without one."""
    if not redis_url:
        return MemoryCounters()
    from adapters.counters.redis_buckets import RedisCounters  # noqa: PLC0415 - only who uses Redis imports its SDK

    return RedisCounters(redis_url)
