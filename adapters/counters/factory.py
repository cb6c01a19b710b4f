"""The counters that the settings name."""

from adapters.counters.memory import MemoryCounters
from adapters.counters.redis_buckets import RedisCounters
from domain.ports import Counters


def open_counters(redis_url: str | None) -> Counters:
    """Shared through Redis for a URL; inside the process without one."""
    return RedisCounters(redis_url) if redis_url else MemoryCounters()
