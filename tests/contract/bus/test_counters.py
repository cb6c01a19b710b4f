"""Token buckets: never more than the capacity at once, and they say how long to wait."""

import asyncio

import pytest

from adapters.counters import FallbackCounters, open_counters
from adapters.counters.redis_buckets import RedisCounters
from domain.errors import InvalidInput, StorageUnavailable
from domain.rates import Bucket
from tests import servers
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


async def test_several_buckets_are_taken_from_together_or_not_at_all(counters):
    wide, narrow = Bucket("wide", 5, 0.01), Bucket("narrow", 2, 0.01)
    assert [(one.wait, one.remaining) for one in await counters.take_all([wide, narrow])] == [(0.0, 4), (0.0, 1)]
    await counters.take_all([wide, narrow])
    for _ in range(3):
        open_, shut = await counters.take_all([wide, narrow])
        assert (open_.wait, open_.remaining) == (0.0, 3)
        assert 98 < shut.wait <= 100
        assert (shut.remaining, 198 < shut.full_in <= 200) == (0, True)
    (left,) = await counters.take_all([wide], amount=3)
    assert (left.wait, left.remaining, 498 < left.full_in <= 500) == (0.0, 0, True)
    assert await counters.take_all([]) == []


async def test_together_is_exact_with_many_at_once(counters, url):
    others = [counters] if url is None else [counters, open_counters(url)]
    shared = Bucket("shared", 60, 0.01)
    each = [Bucket(f"one-{number}", 25, 0.01) for number in range(4)]
    asked = [others[i % len(others)].take_all([shared, each[i % 4]]) for i in range(240)]
    levels = await asyncio.gather(*asked)
    assert sum(not any(level.wait for level in one) for one in levels) == 60
    left = await counters.take_all([Bucket(one.key, 26, 0.01) for one in each])
    assert sum(25 - one.remaining for one in left) == 60
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


async def test_while_redis_is_away_each_process_counts_by_itself_and_shares_again(tmp_path, caplog):
    (port,) = free_ports(1)
    bucket = Bucket("a", 2, 0.01)
    async with servers.valkey(port=port) as url:
        counters = FallbackCounters(RedisCounters(url, timeout=1), ask_again=0.2)
        other = open_counters(url)
        await other.take_all([bucket])
        assert [one.remaining for one in await counters.take_all([bucket])] == [0]
        assert counters.shared
        await other.close()
    started = asyncio.get_running_loop().time()
    alone = [(await counters.take_all([bucket]))[0].wait for _ in range(50)]
    assert asyncio.get_running_loop().time() - started < 1
    assert alone.count(0.0) == 2
    assert not counters.shared
    assert [record.message for record in caplog.records].count("counters are away; each process counts by itself") == 1
    async with servers.valkey(port=port), asyncio.timeout(10):
        while not counters.shared:
            await counters.take_all([Bucket("again", 1000, 1000)])
            await asyncio.sleep(0.02)
        assert (await counters.take_all([bucket]))[0].wait == 0.0
    await counters.close()


async def test_no_redis_is_said():
    (port,) = free_ports(1)
    counters = open_counters(f"redis://127.0.0.1:{port}/0")
    with pytest.raises(StorageUnavailable, match="CCB_REDIS_URL"):
        await counters.take("a", capacity=1, per_second=1)
    await counters.close()
