"""What browsers are told: which pages may ask, and that they come back encrypted."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from adapters.counters import MemoryCounters
from api.settings import EdgeSettings, RateSettings
from tests.api.world import World, served

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
