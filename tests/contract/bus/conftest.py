"""Bus and counters, in process and over a real Valkey."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from domain import ids
from domain.events import Event, EventType
from tests import servers


@pytest.fixture(scope="session")
async def redis_url() -> AsyncIterator[str]:
    async with servers.valkey() as url:
        yield url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client on an emptied server."""
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        await client.flushall()
        yield client


@pytest.fixture
def events() -> Callable[[int], list[Event]]:
    """A factory of events of one integration, in order."""

    def make(count: int) -> list[Event]:
        subject = ids.new("int")
        return [
            Event(
                id=ids.new("evt"),
                type=EventType.STAGE_CHANGED,
                time=datetime.now(UTC),
                subject=subject,
                sequence=sequence,
                data={"integration_id": subject, "title": "☂ weather"},
            )
            for sequence in range(1, count + 1)
        ]

    return make
