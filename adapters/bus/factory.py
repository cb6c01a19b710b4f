"""The bus that the settings name."""

from adapters.bus.local import LocalBus
from domain.ports import Bus


def open_bus(redis_url: str | None) -> Bus:
    """Redis Streams for a URL; inside the process without one."""
    if not redis_url:
        return LocalBus()
    from adapters.bus.redis_streams import RedisBus  # noqa: PLC0415 - only who uses Redis pays for importing its SDK

    return RedisBus(redis_url)
