"""Events arrive as CloudEvents, in order."""

import asyncio
import json

import pytest

from adapters.bus import LocalBus, RedisSettings, open_bus
from adapters.bus.local import QUEUED
from adapters.bus.redis_streams import STREAM, RedisBus
from domain.errors import StorageUnavailable
from tests.servers import free_ports


async def test_redis_gets_cloud_events_in_order(redis, redis_url, events):
    bus = open_bus(redis_url)
    assert isinstance(bus, RedisBus)
    sent = events(50)
    await bus.publish([])
    await bus.publish(sent[:20])
    await bus.publish(sent[20:])
    await bus.close()
    entries = [fields for _, fields in await redis.xrange(STREAM)]
    assert [json.loads(fields["event"]) for fields in entries] == [event.cloud_event() for event in sent]
    assert {(fields["type"], fields["subject"]) for fields in entries} == {(sent[0].type.value, sent[0].subject)}


async def test_the_stream_is_bounded(redis, redis_url, events):
    bus = RedisBus(redis_url, max_entries=200)
    await bus.publish(events(1000))
    await bus.close()
    assert 200 <= await redis.xlen(STREAM) < 500


async def test_no_redis_is_said_and_the_password_is_not(events):
    (port,) = free_ports(1)
    bus = RedisBus(f"redis://:hush@127.0.0.1:{port}/0")
    with pytest.raises(StorageUnavailable, match="CCB_REDIS_URL") as caught:
        await bus.publish(events(1))
    assert "hush" not in str(caught.value)
    await bus.close()


async def test_a_wrong_password_is_said(redis_url, events):
    bus = RedisBus(f"redis://:wr0ng@{redis_url.rpartition('@')[2]}")
    with pytest.raises(StorageUnavailable, match="password") as caught:
        await bus.publish(events(1))
    assert "wr0ng" not in str(caught.value)
    await bus.close()


async def test_subscribers_in_the_process_get_what_is_published_while_they_are_there(events):
    bus = open_bus(None)
    assert isinstance(bus, LocalBus)
    sent = events(6)
    await bus.publish(sent[:1])
    async with bus.subscribe() as first, bus.subscribe() as second:
        waiting = asyncio.ensure_future(anext(first))
        await asyncio.sleep(0)
        await bus.publish(sent[1:4])
        assert await waiting == sent[1]
        await bus.close()
        assert [event async for event in first] == sent[2:4]
        assert [event async for event in second] == sent[1:4]
    await bus.publish(sent[4:])


async def test_a_subscriber_that_falls_behind_is_told(events):
    bus = LocalBus()
    sent = events(QUEUED + 1)
    async with bus.subscribe() as subscription:
        await bus.publish(sent)
        for event in sent[:QUEUED]:
            assert await anext(subscription) == event
        with pytest.raises(StorageUnavailable, match="fell behind"):
            await anext(subscription)


def test_an_empty_url_is_no_redis(monkeypatch):
    monkeypatch.setenv("CCB_REDIS_URL", "")
    assert RedisSettings().plain_url is None
    monkeypatch.setenv("CCB_REDIS_URL", "redis://:hush@h/0")
    assert RedisSettings().plain_url == "redis://:hush@h/0"
    assert "hush" not in repr(RedisSettings())
