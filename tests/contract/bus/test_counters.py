"""Token buckets: never more than the capacity at once, and they say how long to wait."""

import asyncio

import pytest

from adapters.counters import open_counters
from domain.errors import InvalidInput, StorageUnavailable
from tests.servers import free_ports


@pytest.fixture(params=["memory", "redis"])
def url(request):
    return None if request.param == "memory" else request.getfixturevalue("redis_url")


@pytest.fixture
async def counters(url):
    made = open_counters(url)
    yield made
    await made.close()


@pytest.fixture(autouse=True)
async def _emptied(redis):
    """Buckets of the test before are gone."""


async def test_a_bucket_gives_its_capacity_and_then_the_wait(counters):
    slow = {"capacity": 3, "per_second": 0.01}
    assert [await counters.take("a", **slow) for _ in range(3)] == [0.0] * 3
    for _ in range(2):
        assert 98 < await counters.take("a", **slow) <= 100
    assert 198 < await counters.take("a", **slow, amount=2) <= 200
    assert await counters.take("b", **slow, amount=3) == 0.0


async def test_it_fills_again_at_its_rate(counters):
    assert await counters.take("a", capacity=1, per_second=20) == 0.0
    wait = await counters.take("a", capacity=1, per_second=20)
    assert 0 < wait <= 0.05
    await asyncio.sleep(wait + 0.005)
    assert await counters.take("a", capacity=1, per_second=20) == 0.0


async def test_many_at_once_take_no_more_than_there_is(counters, url):
    others = [counters] if url is None else [counters, open_counters(url)]
    waits = await asyncio.gather(*(others[i % len(others)].take("a", capacity=50, per_second=0.01) for i in range(200)))
    assert waits.count(0.0) == 50
    for other in others[1:]:
        await other.close()


@pytest.mark.parametrize("wrong", [{"amount": 4}, {"amount": 0}, {"amount": -1}, {"per_second": 0.0}])
async def test_what_can_never_be_taken_is_refused(counters, wrong):
    with pytest.raises(InvalidInput, match="can never be taken"):
        await counters.take("a", **({"capacity": 3, "per_second": 1.0} | wrong))


async def test_full_buckets_are_forgotten(redis, redis_url):
    counters = open_counters(redis_url)
    await counters.take("a", capacity=1, per_second=100)
    await asyncio.sleep(0.05)
    assert await redis.keys("*") == []
    await counters.take("a", capacity=1, per_second=0.1)
    assert 5000 < await redis.pttl("ccb:bucket:a") <= 10_001
    await counters.close()


async def test_no_redis_is_said():
    (port,) = free_ports(1)
    counters = open_counters(f"redis://127.0.0.1:{port}/0")
    with pytest.raises(StorageUnavailable, match="CCB_REDIS_URL"):
        await counters.take("a", capacity=1, per_second=1)
    await counters.close()
