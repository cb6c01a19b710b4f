"""The bus: inside the process by default, Redis Streams by URL."""

from adapters.bus.factory import open_bus
from adapters.bus.local import LocalBus, Subscription
from adapters.bus.redis_streams import STREAM, RedisBus
from adapters.bus.settings import RedisSettings

__all__ = ["STREAM", "LocalBus", "RedisBus", "RedisSettings", "Subscription", "open_bus"]
