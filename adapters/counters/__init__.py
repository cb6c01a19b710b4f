"""Token buckets: inside the process by default, in Redis by URL."""

from adapters.counters.factory import open_counters
from adapters.counters.memory import MemoryCounters
from adapters.counters.redis_buckets import RedisCounters

__all__ = ["MemoryCounters", "RedisCounters", "open_counters"]
