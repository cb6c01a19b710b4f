"""A build takes over once it replays what is under way; runs move or stay as they were promised, and none is lost."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import VersioningBehavior
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from adapters.temporal import TemporalSettings, connect
from adapters.temporal.rollout import TemporalBuilds
from api.problems import Problem
from domain.builds import Builds, BuildState
from domain.errors import Conflict, StorageUnavailable
from tests.api.world import run_ccb
from tests.servers import folder, free_ports, process, ready
from tests.until import until
from workers.queues import WORKFLOWS
from workers.rollout import COMMITTED, Rollout
from workers.versioning import build_id, deployment

QUEUE = "rollout"
STEP = timedelta(seconds=10)
QUICKLY = ("matching.wv.VersionDrainageStatusVisibilityGracePeriod", "matching.wv.VersionDrainageStatusRefreshInterval")


@activity.defn(name="first")
async def first() -> None: ...


@activity.defn(name="second")
async def second() -> None: ...


class Held:
    def __init__(self) -> None:
        self._let_go = False

    @workflow.signal
    def let_go(self) -> None:
        self._let_go = True

    async def held(self) -> None:
        await workflow.wait_condition(lambda: self._let_go)


@workflow.defn(name="Long")
class LongOne(Held):
    @workflow.run
    async def run(self) -> str:
        await workflow.execute_activity(first, start_to_close_timeout=STEP)
        await self.held()
        return "one"


@workflow.defn(name="Long")
class LongWithoutItsStep(Held):
    @workflow.run
    async def run(self) -> str:
        await self.held()
        return "two"


@workflow.defn(name="Long")
class LongTwo(Held):
    @workflow.run
    async def run(self) -> str:
        step = second if workflow.patched("second") else first
        await workflow.execute_activity(step, start_to_close_timeout=STEP)
        await self.held()
        return "two"


@workflow.defn(name="Short", versioning_behavior=VersioningBehavior.PINNED)
class ShortOne(Held):
    @workflow.run
    async def run(self) -> str:
        await workflow.execute_activity(first, start_to_close_timeout=STEP)
        await self.held()
        return "one"


@workflow.defn(name="Short", versioning_behavior=VersioningBehavior.PINNED)
class ShortTwo(Held):
    @workflow.run
    async def run(self) -> str:
        await workflow.execute_activity(second, start_to_close_timeout=STEP)
        return "two"


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[Client]:
    """A server of its own, which looks every second whether a build is drained."""
    binary = Path(sys.executable).parent / "temporal"
    port, http, metrics = free_ports(3)
    command = [binary, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--http-port", str(http), "--metrics-port", str(metrics), "--log-level", "warn"]
    command += [part for name in QUICKLY for part in ("--dynamic-config-value", f'{name}="1s"')]
    with folder() as home, process(command, log=home / "log") as child:
        settings = TemporalSettings(address=f"127.0.0.1:{port}")

        async def ask() -> None:
            await connect(settings)

        await ready(ask, child, home / "log", StorageUnavailable)
        yield await connect(settings)


@asynccontextmanager
async def working(client: Client, build: str, *workflows: type) -> AsyncIterator[None]:
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=workflows,
        activities=[first, second],
        deployment_config=deployment(build),
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=timedelta(seconds=5),
    ):
        yield


async def test_a_build_takes_over_when_it_replays_what_is_under_way(client: Client, tmp_path: Path) -> None:
    builds, told = TemporalBuilds(client, [QUEUE]), list[str]()

    def rollout(*workflows: type) -> Rollout:
        return Rollout(builds, workflows, tmp_path, told.append)

    async with working(client, "", LongOne, ShortOne):
        before = await _started(client, "Long", "before")
        await _waits(before)
        assert (await builds.builds()).builds == []
        assert (await builds.builds()).unversioned == 1
    with pytest.raises(Conflict, match="Start its workers first"):
        await rollout(LongOne, ShortOne).to("one")

    async with working(client, "one", LongOne, ShortOne):
        await _polls(builds, "one")
        await rollout(LongOne, ShortOne).to("one")
        long, short = await _started(client, "Long", "long"), await _started(client, "Short", "short")
        await _waits(long)
        await _waits(short)

        async with working(client, "two", LongWithoutItsStep, ShortTwo):
            await _polls(builds, "two")
            with pytest.raises(Conflict) as refused:
                await rollout(LongWithoutItsStep, ShortTwo).to("two")
            named = refused.value.details["differences"]
            assert {(one["workflow"], one["workflow_id"]) for one in named} == {("Long", "before"), ("Long", "long")}  # type: ignore[union-attr, index, call-overload]
            assert all(one["event"] == 5 for one in named), named  # type: ignore[union-attr, index, call-overload]
            assert "Long long at event 5" in refused.value.message
            now = await builds.builds()
            assert {one.build_id: one.state for one in now.builds} == {
                "one": BuildState.CURRENT,
                "two": BuildState.INACTIVE,
            }

        async with working(client, "two.fixed", LongTwo, ShortTwo):
            await _polls(builds, "two.fixed")
            rolling = asyncio.create_task(rollout(LongTwo, ShortTwo).to("two.fixed"))
            await until(lambda: _said(told, "waits until one has no run pinned to it"))
            new = await _started(client, "Short", "new")
            assert await new.result() == "two"
            for run in (before, long):
                await run.signal(LongTwo.let_go)
                assert await run.result() == "two"
            assert not rolling.done()
            await short.signal(ShortOne.let_go)
            assert await short.result() == "one"
            done = await asyncio.wait_for(rolling, 60)
    assert "one" in done.stoppable
    assert done.replayed.open == 2
    current = done.builds.find("two.fixed")
    assert current is not None
    assert (current.state, current.queues, current.pollers) == (BuildState.CURRENT, [QUEUE], 1)


async def test_the_committed_histories_are_replayed_too(client: Client) -> None:
    """This code replays them; code that lacks a workflow does not, and says which."""
    builds = TemporalBuilds(client, ["nothing-here"])
    replayed = await Rollout(builds, WORKFLOWS, COMMITTED, print).replayed()
    assert replayed.committed == len(list(COMMITTED.glob("*.json")))
    without = [one for one in WORKFLOWS if one.__name__ != "HandleDeliveryWorkflow"]
    with pytest.raises(Conflict, match="HandleDelivery webhook/github/"):
        await Rollout(builds, without, COMMITTED, print).replayed()


async def test_the_command_lists_builds_and_says_what_blocks_one(client: Client, tmp_path: Path) -> None:
    address = client.service_client.config.target_host
    environment = {"PATH": "/usr/bin:/bin", "CCB_TEMPORAL_ADDRESS": address, "COLUMNS": "200"}
    blocked = await run_ccb(
        "workers", "rollout", "--build", "nobody", "--json", environment=environment, folder=tmp_path
    )
    assert blocked.code == 2, blocked
    problem = Problem.model_validate(blocked.json())
    assert (problem.code, problem.status) == ("conflict", 409)
    assert "CCB_WORKER_BUILD_ID=nobody" in problem.detail
    listed = await run_ccb("workers", "--json", environment=environment, folder=tmp_path)
    assert listed.code == 0, listed
    found = Builds.model_validate(listed.json()).find("two.fixed")
    assert found is not None
    assert found.state is BuildState.CURRENT


def test_a_build_is_named_by_its_code() -> None:
    assert build_id("auto") == build_id("auto")
    assert build_id("auto") != build_id("2026-11")
    assert deployment("") is None


async def _started(client: Client, name: str, workflow_id: str) -> WorkflowHandle[Any, str]:
    return await client.start_workflow(name, id=workflow_id, task_queue=QUEUE, result_type=str)


async def _waits(run: WorkflowHandle[Any, str], events: int = 10) -> None:
    async def there() -> bool | None:
        return True if len((await run.fetch_history()).events) >= events else None

    await until(there)


async def _polls(builds: TemporalBuilds, build: str) -> None:
    async def there() -> bool | None:
        found = (await builds.builds()).find(build)
        return True if found is not None and found.pollers and found.queues else None

    await until(there)


async def _said(told: list[str], words: str) -> bool | None:
    return True if words in told else None
