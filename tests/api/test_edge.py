"""What browsers are told: which pages may ask, and that they come back encrypted."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from adapters.counters import MemoryCounters
from api.settings import EdgeSettings, RateSettings
from domain.people import Role
from tests.api.world import World, a_request, served

PAGE = "https://app.example.com"
ASKING = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}


@asynccontextmanager
async def edged(world: World, rates: RateSettings | None = None, **edge: Any) -> AsyncIterator[httpx.AsyncClient]:
    services = dataclasses.replace(
        world.services, edge=EdgeSettings(**edge), rates=rates or world.services.rates, counters=MemoryCounters()
    )
    async with served(services) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        yield api


async def test_no_page_may_ask_unless_it_is_named(world: World):
    async with edged(world) as api:
        answer = await api.get("/health/live", headers={"Origin": PAGE})
        before = await api.options("/api/v1/integrations", headers=ASKING)
    assert not [name for name in (*answer.headers, *before.headers) if name.startswith("access-control")]


async def test_a_page_that_is_named_may_ask_and_read_the_headers(world: World):
    async with edged(world, cors_origins=f"{PAGE}, https://other.example.com") as api:
        before = await api.options("/api/v1/integrations", headers=ASKING)
        answer = await api.get("/api/v1/integrations", headers={"Origin": PAGE})
        stranger = await api.get("/api/v1/integrations", headers={"Origin": "https://evil.example.com"})
        codec = await api.options("/temporal/codec/x/decode", headers=ASKING)
    assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, PAGE)
    assert "Idempotency-Key" in before.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert {"RateLimit", "Retry-After", "Location"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in stranger.headers
    assert codec.headers["access-control-allow-origin"] == world.services.temporal.ui_url.rstrip("/")


async def test_a_page_can_read_that_it_has_to_wait(world: World):
    rates = RateSettings.unlimited().model_copy(update={"per_ip": 1})
    async with edged(world, rates, cors_origins=PAGE) as api:
        answers = [await api.get("/api/v1/integrations", headers={"Origin": PAGE}) for _ in range(2)]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(("url", "said"), [("https://ccb.example.com", True), ("http://ccb.example.com", False)])
async def test_who_is_found_encrypted_says_so(world: World, url: str, said: bool):
    async with edged(world, public_url=url) as api:
        answers = [await api.get(path) for path in ("/health/live", "/nothing")]
    assert {"strict-transport-security" in answer.headers for answer in answers} == {said}


@pytest.mark.parametrize(
    "wrong",
    [
        {"cors_origins": "app.example.com"},
        {"cors_origins": "https://app.example.com/"},
        {"trusted_proxies": "proxy"},
        {"public_url": "ccb.example.com"},
        {"metrics_token": "short"},
        {"request_timeout": 0},
    ],
    ids=str,
)
def test_settings_that_are_none_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        EdgeSettings(**wrong)


async def raw(url: str, request: bytes) -> bytes:
    """What is answered to bytes that no HTTP client would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
    writer.write(request)
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_target_may_be_a_whole_url_and_its_host_counts(world: World):
    """RFC 9112 §3.2.2: what proxies are sent, every server takes."""
    key = await world.key(Role.DEVELOPER)
    body = json.dumps(a_request()).encode()
    head = "POST http://ccb.example.com/api/v1/integrations HTTP/1.1\r\nHost: x.example.com\r\nConnection: close\r\n"
    head += f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = await raw(world.url, head.encode() + body)
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert b"\nlocation: http://ccb.example.com/api/v1/integrations/" in answer


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        (b"".join(b"X-%d: %s\r\n" % (each, b"y" * 100) for each in range(300)), 431, "request_header_fields_too_large"),
        (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", 400, "bad_request"),
        (b"Content-Length: -1\r\n", 400, "bad_request"),
        (b"Content-Length: 1\r\nContent-Length: 2\r\n", 400, "bad_request"),
    ],
    ids=["a flood", "two ends", "less than nothing", "two lengths"],
)
async def test_heads_that_are_none_are_refused_in_our_form(world: World, headers: bytes, status: int, code: str):
    answer = await raw(world.url, b"POST /api/v1/integrations HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-type: application/problem+json" in head.lower()
    assert json.loads(body)["code"] == code
