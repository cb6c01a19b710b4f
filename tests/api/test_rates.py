"""Rate limits: what is counted, what is said of it, and that replicas count together."""

import asyncio
import dataclasses
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from adapters.counters import FallbackCounters, MemoryCounters, open_request_counters
from adapters.counters.redis_buckets import RedisCounters
from api.clients import neighbourhood, seen_through
from api.rates import Counting, Limiter
from api.settings import EdgeSettings, RateSettings
from domain.errors import TooManyRequests
from domain.people import Role
from domain.ports import Counters
from tests import servers
from tests.api.test_problems import is_problem
from tests.api.world import World, github_delivery, served
from tests.servers import free_ports

_POLICY = re.compile(r'"([a-z-]+)";q=(\d+);w=(\d+)')
_LEFT = re.compile(r'"([a-z-]+)";r=(\d+);t=(\d+)')


def limits(**quotas: int) -> RateSettings:
    """These, and no others."""
    return RateSettings.unlimited().model_copy(update=quotas)


def policies(answer: httpx.Response) -> dict[str, tuple[int, int]]:
    return {name: (int(q), int(w)) for name, q, w in _POLICY.findall(answer.headers["ratelimit-policy"])}


def left(answer: httpx.Response) -> dict[str, tuple[int, int]]:
    return {name: (int(r), int(t)) for name, r, t in _LEFT.findall(answer.headers["ratelimit"])}


@asynccontextmanager
async def limited(
    world: World, rates: RateSettings, counters: Counters | None = None, **edge: Any
) -> AsyncIterator[str]:
    services = dataclasses.replace(
        world.services, rates=rates, counters=counters or MemoryCounters(), edge=EdgeSettings(**edge)
    )
    async with served(services) as url:
        yield url


async def answers(url: str, count: int, path: str = "/api/v1/integrations", **headers: str) -> list[httpx.Response]:
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as api:
        return list(await asyncio.gather(*(api.get(path) for _ in range(count))))


async def bearer(world: World, role: Role, name: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {await world.key(role, name)}"}


async def test_an_address_has_its_quota_and_is_told_what_is_left(world: World):
    async with (
        limited(world, limits(per_ip=4)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api,
    ):
        taken = [await api.get("/api/v1/nothing") for _ in range(5)]
    assert [answer.status_code for answer in taken] == [404] * 4 + [429]
    assert {tuple(policies(answer).items()) for answer in taken} == {(("ip", (4, 60)),)}
    assert [left(answer)["ip"][0] for answer in taken] == [3, 2, 1, 0, 0]
    assert all(0 < left(answer)["ip"][1] <= 60 for answer in taken)
    body = is_problem(taken[-1], 429, "too_many_requests")
    assert 1 <= int(taken[-1].headers["retry-after"]) <= 15
    assert body["details"] == {"violated_policies": ["ip"]}
    assert "frame-ancestors" in taken[-1].headers["content-security-policy"]


async def test_after_the_wait_that_was_named_there_is_room(world: World):
    async with limited(world, limits(per_ip=60)) as url:
        first = await answers(url, 61)
        refused = next(answer for answer in first if answer.status_code == 429)
        await asyncio.sleep(float(refused.headers["retry-after"]))
        (again,) = await answers(url, 1)
    assert again.status_code == 401


async def test_a_person_has_one_quota_whatever_key_they_use(world: World):
    ada = await world.person("ada of many keys", Role.VIEWER)
    keys = [(await world.services.people.issue_key(ada.id, label="one")).get_secret_value() for _ in range(2)]
    async with limited(world, limits(per_user=3)) as url:
        by_key = [(await answers(url, 2, Authorization=f"Bearer {key}")) for key in keys]
        others = await answers(url, 2, **await bearer(world, Role.VIEWER))
    statuses = [answer.status_code for each in by_key for answer in each]
    assert sorted(statuses) == [200, 200, 200, 429]
    assert [answer.status_code for answer in others] == [200, 200]
    assert policies(others[0]) == {"user": (3, 3600)}
    refused = next(answer for each in by_key for answer in each if answer.status_code == 429)
    is_problem(refused, 429, "too_many_requests")
    assert 1000 < int(refused.headers["retry-after"]) <= 1200


async def test_bursts_and_everybody_together_are_limited_too(world: World):
    async with limited(world, limits(burst=5, per_ip=100)) as url:
        at_once = await answers(url, 12)
    assert 5 <= [answer.status_code for answer in at_once].count(401) <= 8
    assert policies(at_once[0]) == {"burst": (5, 1), "ip": (100, 60)}
    async with limited(world, limits(everybody=6)) as url:
        together = await answers(url, 10)
    assert [answer.status_code for answer in together].count(401) == 6


async def test_what_one_limit_refuses_the_others_do_not_count(world: World):
    async with limited(world, limits(burst=2, per_ip=50)) as url:
        first = await answers(url, 20)
        taken = [answer for answer in first if answer.status_code == 401]
        (last,) = await answers(url, 1, path="/api/v1/people")
    assert 50 - left(last)["ip"][0] <= len(taken) + 2


async def test_a_key_that_is_wrong_counts_for_its_address(world: World):
    async with limited(world, limits(per_ip=3, per_user=100)) as url:
        tried = await answers(url, 5, Authorization="Bearer ccb_wrong")
    assert sorted(answer.status_code for answer in tried) == [401, 401, 401, 429, 429]


async def test_health_is_not_counted_and_webhooks_have_their_own(world: World):
    async with limited(world, limits(per_ip=1, everybody=1, webhooks=3)) as url:
        for _ in range(5):
            (healthy,) = await answers(url, 1, path="/health/live")
            assert (healthy.status_code, "ratelimit" in healthy.headers) == (200, False)
        await answers(url, 2)
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
            headers = github_delivery(b"{}", event="ping")
            sent = [await api.post("/webhooks/github", content=b"{}", headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in sent] == [202, 202, 202, 429]
    assert policies(sent[0]) == {"webhooks": (3, 60)}
    assert "retry-after" in sent[-1].headers


async def test_the_client_is_who_a_trusted_proxy_names_and_nobody_else(world: World):
    async with limited(world, limits(per_ip=1)) as url:
        spoofed = [(await answers(url, 1, **{"X-Forwarded-For": f"192.0.2.{n}"}))[0] for n in range(3)]
    assert [answer.status_code for answer in spoofed] == [401, 429, 429]
    async with limited(world, limits(per_ip=1), trusted_proxies="127.0.0.0/8,10.0.0.0/8") as url:
        named = [(await answers(url, 1, **{"X-Forwarded-For": f"192.0.2.{n}, 10.1.1.1"}))[0] for n in (1, 2, 1)]
        forged = [(await answers(url, 1, **{"X-Forwarded-For": f"198.51.100.{n}, 192.0.2.9"}))[0] for n in (1, 2)]
    assert [answer.status_code for answer in named] == [401, 401, 429]
    assert [answer.status_code for answer in forged] == [401, 429]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.1", "192.0.2.1", "203.0.113.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "192.0.2.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ("10.0.0.1", "192.0.2.1:1234", "10.0.0.1"),
    ],
)
def test_forwarded_addresses_are_read_from_the_right(peer: str, forwarded: str, client: str):
    proxies = EdgeSettings(trusted_proxies="10.0.0.0/8").proxies
    headers = [(b"x-forwarded-for", forwarded.encode()), (b"x-forwarded-proto", b"https")]
    seen = seen_through({"type": "http", "client": (peer, 1), "scheme": "http", "headers": headers}, proxies)
    assert seen["client"][0] == client
    assert seen["scheme"] == ("http" if peer == "203.0.113.1" else "https")


def test_neighbours_of_one_subscriber_are_one_address():
    assert neighbourhood("2001:db8:1:2:3::4") == neighbourhood("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert neighbourhood("::ffff:192.0.2.1") == "192.0.2.1"


async def test_replicas_count_together_exactly_and_go_on_without_redis(world: World):
    (port,) = free_ports(1)
    async with servers.valkey(port=port) as redis:
        shared = [FallbackCounters(RedisCounters(redis, timeout=20)) for _ in range(2)]
        async with (
            limited(world, limits(per_ip=40), shared[0]) as one,
            limited(world, limits(per_ip=40), shared[1]) as other,
        ):
            both = await asyncio.gather(*(answers(url, 50) for url in (one, other)))
            taken = [answer.status_code for each in both for answer in each]
            assert taken.count(401) == 40
            assert taken.count(429) == 60
            async with httpx.AsyncClient(base_url=one, trust_env=False, timeout=30) as api:
                figures = {s.name: s.value for f in parsed((await api.get("/metrics")).text) for s in f.samples}
            assert figures["ccb_counters_shared"] == 1.0
    away = open_request_counters(redis)
    async with limited(world, limits(per_ip=5), away) as url:
        started = time.monotonic()
        alone = await answers(url, 20)
        assert time.monotonic() - started < 5
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
            figures = {s.name: s.value for f in parsed((await api.get("/metrics")).text) for s in f.samples}
    assert [answer.status_code for answer in alone].count(401) == 5
    assert figures["ccb_counters_shared"] == 0.0
    for counters in (*shared, away):
        await counters.close()


async def test_counting_costs_microseconds():
    limiter = Limiter(RateSettings(everybody=10**9, per_ip=10**9, burst=10**9), MemoryCounters(), lambda _: None)
    scope = {"type": "http", "path": "/api/v1/integrations", "client": ("192.0.2.1", 1)}
    rounds = []
    for _ in range(20):
        started = time.perf_counter()
        for _ in range(200):
            counting = Counting(limiter)
            await counting.take(limiter.of_request(scope))
            counting.headers()
        rounds.append((time.perf_counter() - started) / 200)
    assert median(rounds) < 200e-6


async def test_many_addresses_leave_nothing_behind():
    counters = MemoryCounters()
    limiter = Limiter(limits(per_ip=60_000_000), counters, lambda _: None)
    for number in range(30_000):
        scope = {"type": "http", "path": "/", "client": (f"2001:db8:{number // 65536:x}:{number % 65536:x}::1", 1)}
        await Counting(limiter).take(limiter.of_request(scope))
    assert len(counters._full_at) <= 10_000


def test_the_limits_are_those_that_are_promised(monkeypatch: pytest.MonkeyPatch):
    assert RateSettings().model_dump() == {
        "per_user": 1000,
        "per_ip": 100,
        "everybody": 10_000,
        "burst": 50,
        "webhooks": 3000,
    }
    monkeypatch.setenv("CCB_RATE_PER_IP", "none")
    monkeypatch.setenv("CCB_RATE_GLOBAL", "0")
    assert (RateSettings().per_ip, RateSettings().everybody) == (0, 0)


async def test_a_refusal_names_all_that_refuse():
    refused: list[str] = []
    limiter = Limiter(limits(burst=1, per_ip=1), MemoryCounters(), refused.append)
    scope = {"type": "http", "path": "/", "client": ("192.0.2.1", 1)}
    await Counting(limiter).take(limiter.of_request(scope))
    with pytest.raises(TooManyRequests) as met:
        await Counting(limiter).take(limiter.of_request(scope))
    assert met.value.details == {"violated_policies": ["burst", "ip"]}
    assert refused == ["burst", "ip"]
    assert 59 < (met.value.retry_after or 0) <= 60
