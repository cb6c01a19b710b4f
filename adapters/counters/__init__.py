"""Token buckets: inside the process by default, in Redis by URL."""

from adapters.counters.factory import open_counters, open_request_counters
from adapters.counters.fallback import FallbackCounters
from adapters.counters.memory import MemoryCounters

__all__ = ["FallbackCounters", "MemoryCounters", "open_counters", "open_request_counters"]
