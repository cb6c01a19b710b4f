"""The bus that the settings name."""

from adapters.bus.local import LocalBus
from adapters.bus.redis_streams import RedisBus
from domain.ports import Bus


def open_bus(redis_url: str | None) -> Bus:
    """Redis Streams for a URL; inside the process without one."""
    return RedisBus(redis_url) if redis_url else LocalBus()
