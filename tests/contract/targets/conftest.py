"""Each target on its simulator, which is empty before and after each test."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from adapters.attestation.envelopes import DsseVerifier
from adapters.docker_target import DockerSettings, DockerTarget
from adapters.kubernetes_target import KubernetesSettings, KubernetesTarget
from simulators.kit import Simulators
from tests import proofs
from tests.contract.targets.worlds import World


def kubernetes_settings(simulators: Simulators, **changes: object) -> KubernetesSettings:
    settings = {
        "url": simulators.kubernetes_url,
        "token": SecretStr(simulators.config["kubernetes"]["token"]),
        "image": "registry.example.com/python-uv:3.11",
        "gateway": "gateways/public",
        "public_url": f"{simulators.kubernetes_url}/gateway",
        "private_networks": "10.20.0.0/16",
    }
    return KubernetesSettings.model_validate(settings | changes)


@pytest.fixture
async def kubernetes(simulators: Simulators) -> AsyncIterator[World]:
    target = KubernetesTarget(kubernetes_settings(simulators), DsseVerifier(proofs.public()))
    await simulators.act("kubernetes", "reset")
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        front = f"{simulators.kubernetes_url}/gateway"
        began = await simulators.last("kubernetes")
        yield World("kubernetes", target, simulators, http, front, began)
    await simulators.reset_faults("kubernetes")
    await simulators.act("kubernetes", "reset")
    await target.close()


def docker_settings(simulators: Simulators, **changes: object) -> DockerSettings:
    settings = {
        "url": simulators.docker_url,
        "image": "registry.example.com/python-uv:3.11",
        "front_image": "registry.example.com/ccb:1",
        "public_url": f"{simulators.url}/docker/front",
    }
    return DockerSettings.model_validate(settings | changes)


@pytest.fixture
async def docker(simulators: Simulators) -> AsyncIterator[World]:
    target = DockerTarget(docker_settings(simulators), DsseVerifier(proofs.public()))
    await simulators.act("docker", "reset")
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        began = await simulators.last("docker")
        yield World("docker", target, simulators, http, f"{simulators.url}/docker/front", began)
    await simulators.reset_faults("docker")
    await simulators.act("docker", "reset")
    await target.close()


@pytest.fixture(params=["kubernetes", "docker"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found
