"""The bus: inside the process by default, Redis Streams by URL."""

from adapters.bus.factory import open_bus
from adapters.bus.local import LocalBus, Subscription
from adapters.bus.settings import RedisSettings

__all__ = ["LocalBus", "RedisSettings", "Subscription", "open_bus"]
