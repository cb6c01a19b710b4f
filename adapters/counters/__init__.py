"""Token buckets: inside the process by default, in Redis by URL."""

from adapters.counters.factory import open_counters
from adapters.counters.memory import MemoryCounters

__all__ = ["MemoryCounters", "open_counters"]
