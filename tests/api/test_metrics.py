"""Figures for Prometheus: right, few, and not for everybody."""

import asyncio
import dataclasses

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parsed
from pydantic import SecretStr

from adapters.counters import MemoryCounters
from api.settings import EdgeSettings, RateSettings
from domain.people import Role
from tests.api.test_problems import is_problem
from tests.api.world import World, a_request, github_delivery, served

TOKEN = "a token for Prometheus"


def samples(text: str) -> dict[tuple[str, ...], float]:
    """By name and the labels' values."""
    found = {}
    for family in parsed(text):
        for sample in family.samples:
            key = (sample.name, *sample.labels.values())
            assert key not in found, key
            found[key] = sample.value
    return found


@pytest.fixture
async def url(world: World):
    """An API of its own, so that its figures are."""
    async with served(dataclasses.replace(world.services)) as url:
        yield url


async def test_what_was_asked_is_counted_by_the_route_as_it_is_declared(world: World, url: str):
    headers = {"Authorization": f"Bearer {await world.key(Role.DEVELOPER)}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as api:
        for number in range(5):
            await api.get(f"/api/v1/integrations/nothing-{number}")
        for number in range(300):
            await api.get(f"/nothing/{number}")
        await api.request("FLY", "/api/v1/integrations")
        created = await api.post("/api/v1/integrations", json=a_request(), headers={"Idempotency-Key": "m"})
        await api.post("/api/v1/integrations", json=a_request(), headers={"Idempotency-Key": "m"})
        await api.post("/webhooks/github", content=b"{}", headers=github_delivery(b"{}", event="ping"))
        await api.post("/webhooks/github", content=b"{}", headers=github_delivery(b"{}", secret="wrong"))
        answer = await api.get("/metrics")
    assert created.status_code == 202
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = samples(answer.text)
    name, route = "ccb_http_requests_total", "/api/v1/integrations"
    assert found[name, "GET", f"{route}/{{integration}}", "404"] == 5
    assert found[name, "GET", "(none)", "404"] == 300
    assert found[name, "POST", route, "202"] == 2
    assert found["ccb_http_request_duration_seconds_count", "POST", route] == 2
    assert found["ccb_http_request_duration_seconds_bucket", "+Inf", "POST", route] == 2
    assert found["ccb_deliveries_total", "github", "202"] == 1
    assert found["ccb_deliveries_total", "github", "401"] == 1
    assert found["ccb_repeats_total", "worked_on"] == 1
    assert found["ccb_repeats_total", "replayed"] == 1
    assert found["ccb_http_requests_in_flight",] == 1
    assert found["ccb_database_connections_max",] >= 1
    assert ("ccb_database_connections", "in_use") in found
    assert found["process_resident_memory_bytes",] > 1_000_000
    assert not any("nothing" in part or "FLY" in part for key in found for part in key)
    assert len(found) < 400


async def test_refusals_are_counted_by_their_limit(world: World):
    rates = RateSettings.unlimited().model_copy(update={"per_ip": 2})
    services = dataclasses.replace(world.services, rates=rates, counters=MemoryCounters())
    async with served(services) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        await asyncio.gather(*(api.get("/api/v1/people") for _ in range(5)))
        found = samples((await api.get("/metrics")).text)
    assert found["ccb_rate_limited_total", "ip"] == 3
    assert found["ccb_http_requests_total", "GET", "(none)", "429"] == 3


async def test_openmetrics_for_who_asks_for_it(url: str):
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        answer = await api.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text"), answer.text
    assert "ccb_http_requests" in {family.name for family in parsed_openmetrics(answer.text)}


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
async def test_what_a_proxy_of_this_machine_passes_on_is_not_this_machines(url: str, header: str):
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        answer = await api.get("/metrics", headers={header: "127.0.0.1"})
    assert "CCB_API_METRICS_TOKEN" in str(is_problem(answer, 404, "not_found")["detail"])


@pytest.mark.parametrize(
    ("sent", "status"),
    [(None, 401), ("Bearer wrong", 401), ("Bearer é", 401), (f"Basic {TOKEN}", 401), (f"Bearer {TOKEN}", 200)],
)
async def test_others_need_the_token(world: World, sent: str | None, status: int):
    edge = EdgeSettings(metrics_token=SecretStr(TOKEN), trusted_proxies="127.0.0.1/32")
    headers = {"X-Forwarded-For": "192.0.2.1"} | ({"Authorization": sent.encode()} if sent else {})
    services = dataclasses.replace(world.services, edge=edge)
    async with served(services) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        answer = await api.get("/metrics", headers=headers)
    assert answer.status_code == status
