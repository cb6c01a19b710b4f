"""Integrations for the sweeps: really in the registry, at a small server of the test's own."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from temporalio.client import WorkflowHandle

from domain import ids, manifest
from domain.artifacts import ArtifactRef, content_hash
from domain.health import SWEEP_WORKFLOW, SweepHealth, Swept
from domain.lifecycle import Stage
from domain.manifest import HealthCheck
from domain.plan import Capability, OperationUse, Plan
from domain.registry import RegistryEntry, Version
from domain.runs import LIFECYCLE_QUEUE, CreateIntegration, DocumentSource
from tests.workflows.world import World

WAY = (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING, Stage.DEPLOYING, Stage.ACTIVE)
HASH = content_hash(b"watched")


@dataclass
class Small:
    """A server with answers by path; what it was asked is kept."""

    url: str = ""
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                path = line.split()[1].decode()
                while (await reader.readline()).strip():
                    pass
                self.asked.append(path)
                status, body = self.answers.get(path, (200, b"{}"))
                head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\ncontent-type: application/json\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def small_server() -> AsyncIterator[Small]:
    small = Small()
    server = await asyncio.start_server(small.answer, "127.0.0.1", 0)
    small.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield small
    finally:
        server.close()


def with_settings(world: World, **changes: str) -> World:
    """The same world, whose workers have other settings."""
    return replace(world, environment={**world.environment, **changes})


async def active(
    world: World, url: str, *, stages: Sequence[Stage] = WAY, organization: str = ids.DEFAULT_ORGANIZATION
) -> CreateIntegration:
    """An integration in the registry whose stable URL is `url`."""
    cmd = await world.request(issue=None, organization_id=organization)
    await world.integrations.accept(cmd, workflow_id=ids.lifecycle_workflow(cmd.integration_id), run_id="r")
    for stage in stages:
        await world.integrations.enter(cmd.integration_id, stage, key=stage, version="1.0.0")
    await world.integrations.register(entry(cmd, url))
    return cmd


async def many(world: World, url: str, count: int, *, organization: str) -> list[CreateIntegration]:
    """So many in the registry, at `url/NUMBER`, with two transactions each."""
    first = await world.request(issue=None, organization_id=organization)
    made = []
    for number in range(count):
        asked = first.request.model_copy(update={"name": f"{first.request.name}-{number}"})
        cmd = first.model_copy(update={"integration_id": ids.new("int"), "request": asked})
        await world.integrations.accept(cmd, workflow_id=ids.lifecycle_workflow(cmd.integration_id), run_id="r")
        await world.integrations.register(entry(cmd, f"{url}/{number}"))
        made.append(cmd)
    return made


def entry(cmd: CreateIntegration, url: str) -> RegistryEntry:
    return RegistryEntry(
        integration_id=cmd.integration_id,
        name=cmd.request.name or "",
        version="1.0.0",
        description="Cities",
        author="ada",
        dependencies=[],
        capabilities=[],
        hosts=[],
        health=HealthCheck(interval=1, timeout=2),
        url=url,
        deployment_id=ids.deployment(cmd.integration_id, HASH),
        content_hash=HASH,
    )


async def version(world: World, cmd: CreateIntegration, number: str, source: DocumentSource, document: Any) -> Version:
    """A recorded version that uses `GET /cities` of `document`. Its verdict is none: it is never deployed."""
    use = OperationUse(method="get", path="/cities", purpose="List them")
    plan = Plan(
        name=cmd.request.name or "",
        summary="Lists cities",
        base_url="https://cities.example.com/v1",
        capabilities=[Capability(name="cities.list", description="List", method="get", route="/cities", operation=use)],
        hosts=["cities.example.com"],
        acceptance=["It lists cities"],
    )
    text = manifest.render(manifest.from_plan(plan, version=number, author="ada"))
    said = await world.artifacts.put(text.encode(), "text/plain")
    found = Version(
        integration_id=cmd.integration_id,
        version=number,
        content_hash=HASH,
        files=await _stored(world, {manifest.PATH: said.model_dump(mode="json")}),
        checks=said,
        verdict=said,
        plan=await _stored(world, plan.model_dump(mode="json")),
        document=await _stored(world, document),
        source=source,
        base_url="https://cities.example.com/v1",
    )
    await world.integrations.record_version(found, key=number)
    return found


async def _stored(world: World, value: Any) -> ArtifactRef:
    """As canonical JSON, as documents are kept."""
    data = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return await world.artifacts.put(data, "application/json")


async def forget(world: World, *cmds: CreateIntegration) -> None:
    """Other tests' sweeps are not to find them."""
    for cmd in cmds:
        await world.integrations.deregister(cmd.integration_id, "1.0.0")


async def started(world: World, cmd: SweepHealth | None = None) -> WorkflowHandle[Any, Swept]:
    return await world.client.start_workflow(
        SWEEP_WORKFLOW, cmd or SweepHealth(), id=ids.new("sweep"), task_queue=LIFECYCLE_QUEUE, result_type=Swept
    )


async def swept(world: World, cmd: SweepHealth | None = None) -> Swept:
    return await (await started(world, cmd)).result()


async def messages(world: World, name: str) -> list[dict[str, Any]]:
    found = (await world.simulators.look("slack", "messages"))["messages"]
    return [message for message in found if name in json.dumps(message) and not message.get("deleted")]
