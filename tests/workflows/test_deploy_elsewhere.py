"""The same sagas on Docker and Kubernetes: two versions, one after the other, and the end of the integration."""

import json
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from domain.lifecycle import Stage
from domain.operations import RetireIntegration
from domain.runs import DEPLOY_QUEUE
from simulators.kit import Simulators
from tests.simulated import simulated
from tests.workflows.deployable import Deployable
from tests.workflows.killing import others
from tests.workflows.talking import serving
from tests.workflows.updating import AT_ONCE
from tests.workflows.world import World


def docker(simulators: Simulators) -> dict[str, str]:
    return {
        "CCB_DOCKER_URL": simulators.docker_url,
        "CCB_DOCKER_IMAGE": "registry.example.com/python-uv:3.11",
        "CCB_DOCKER_FRONT_IMAGE": "registry.example.com/ccb:1",
        "CCB_DOCKER_PUBLIC_URL": f"{simulators.url}/docker/front",
    }


def kubernetes(simulators: Simulators) -> dict[str, str]:
    return {
        "CCB_KUBERNETES_URL": simulators.kubernetes_url,
        "CCB_KUBERNETES_TOKEN": simulators.config["kubernetes"]["token"],
        "CCB_KUBERNETES_IMAGE": "registry.example.com/python-uv:3.11",
        "CCB_KUBERNETES_GATEWAY": "gateways/public",
        "CCB_KUBERNETES_PUBLIC_URL": f"{simulators.kubernetes_url}/gateway",
    }


async def answered_by(it: Deployable, url: str | None) -> str:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.get(f"{url}/answer")
    return str(answer.json()["deployment"]) if answer.is_success else f"HTTP {answer.status_code}"


@pytest.fixture(scope="module")
async def hosts() -> AsyncIterator[Simulators]:
    config = {"kubernetes": {"token": secrets.token_hex(16), "namespaces": ["ccb"]}, "docker": {}}
    async with simulated(config) as running:
        yield running


@pytest.mark.parametrize("settings", [docker, kubernetes])
async def test_deployed_replaced_and_retired(
    world: World, hosts: Simulators, settings: Callable[[Simulators], dict[str, str]]
) -> None:
    vendor = settings.__name__
    chosen = {"CCB_DEPLOY_TARGET": vendor, **settings(hosts)}
    it = await Deployable.make(world)
    await it.version("1.0.0")
    await it.version("1.1.0")
    async with serving(world, *others(DEPLOY_QUEUE)), serving(world, DEPLOY_QUEUE, **chosen):
        first = await it.deployed("1.0.0", rollout=AT_ONCE)
        assert (first.stage, first.failure) == (Stage.ACTIVE, None)
        url, before = (await it.row()).url, await world.integrations.entry(it.integration.id)
        assert before is not None
        assert await answered_by(it, url) == before.deployment_id

        second = await it.deployed("1.1.0", rollout=AT_ONCE)
        assert (second.stage, second.failure) == (Stage.ACTIVE, None)
        after = await world.integrations.entry(it.integration.id)
        assert after is not None
        assert after.deployment_id != before.deployment_id
        assert await answered_by(it, url) == after.deployment_id
        there = await _left(hosts, vendor)
        assert (after.deployment_id in there, before.deployment_id in there) == (True, False)

        retired = await it.ended(it.command(RetireIntegration, forced=True))
    assert (retired.stage, retired.failure) == (Stage.RETIRED, None)
    assert await answered_by(it, url) == "HTTP 404"
    assert await _left(hosts, vendor) == ""


async def _left(hosts: Simulators, vendor: str) -> str:
    """All that is there but the front, as one text."""
    found: list[dict[str, Any]] = (await hosts.look(vendor, "objects"))["objects"]
    return "\n".join(json.dumps(one) for one in found if not one.get("front"))
