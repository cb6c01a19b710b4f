"""The bus on Redis Streams: one stream for all integrations, so that the order of each is the order of the stream."""

import json
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from domain.errors import StorageUnavailable
from domain.events import Event

STREAM = "ccb:events"
MAX_ENTRIES = 100_000
TIMEOUT = 5.0


class RedisBus:
    """The `Bus` port. Each entry has `id`, `type`, `subject` and `event`, the CloudEvents 1.0 JSON.

    The stream keeps about the last 100,000 entries (XADD MAXLEN ~); the table of events has all of them.
    """

    def __init__(self, url: str, *, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        self._redis = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
        )

    async def publish(self, events: Sequence[Event]) -> None:
        """All of them in one transaction. Raises StorageUnavailable; what was sent may then be sent again."""
        if not events:
            return
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                for event in events:
                    document = json.dumps(event.cloud_event(), ensure_ascii=False, separators=(",", ":"))
                    pipeline.xadd(
                        STREAM,
                        {"id": event.id, "type": event.type.value, "subject": event.subject, "event": document},
                        maxlen=self._max_entries,
                        approximate=True,
                    )
                await pipeline.execute()
        except (RedisError, OSError) as error:
            raise StorageUnavailable(
                f"Redis cannot be used: {error}. Check that it runs, and CCB_REDIS_URL."
            ) from error

    async def close(self) -> None:
        await self._redis.aclose()
