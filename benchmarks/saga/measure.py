"""The measurement: every figure in one run, on one Temporal server, in rounds that take turns."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from temporalio.client import Client

from adapters.process_target import ProcessTarget, ProcessTargetSettings
from adapters.temporal import TemporalRuns, TemporalSettings, connect
from benchmarks.saga import bare, servers
from benchmarks.saga.histories import History, Shape, read, recording, shape
from benchmarks.saga.requests import Requests
from cli.stack import Addresses, Stack
from cli.stack.credentials import kept
from domain import ids
from domain.artifacts import ArtifactRef
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.review import Decision, Review
from domain.runs import LIFECYCLE_QUEUE, CreateIntegration, RunOutcome

PAIRS: Final = 5
"""Runs of (b) and (c), in turns, for each run of (a), which takes many times as long."""

WARM_UP: Final = 5
_LONGEST: Final = 900.0


@dataclass
class Measured:
    """Seconds of single runs, one after the other; runs a minute of many at once; histories; megabytes."""

    saga: list[float] = field(default_factory=list)
    workflow: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    at_once: dict[str, tuple[int, float]] = field(default_factory=dict)
    histories: dict[str, History] = field(default_factory=dict)
    peak_rss_mb: dict[str, float] = field(default_factory=dict)


class Different(Exception):
    """What was to be compared did not do the same number of steps."""


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


async def measure(*, rounds: int, at_once: int, sagas_at_once: int) -> Measured:
    found = Measured()
    with tempfile.TemporaryDirectory(prefix="ccb-benchmark-") as folder:
        say("starting the stack")
        async with servers.product(Path(folder)) as stack:
            requests = await Requests.prepared(stack.addresses)
            saga = await Saga.at(stack.addresses)
            await _histories(saga, requests, found)
            async with _workers(saga, requests, stack, found) as (workflow, floor):
                for _ in range(WARM_UP):
                    await workflow()
                    await floor()
                await _rounds(rounds, lambda: saga.run(requests.request(requests.small)), workflow, floor, found)
                found.at_once["workflow"] = await _together(at_once, "workflows with canned activities", workflow)
                found.at_once["bare"] = await _together(at_once, "bare workflows", floor)
            if sagas_at_once:
                found.at_once["saga"] = await _together(
                    sagas_at_once, "sagas", lambda: saga.run(requests.request(requests.small))
                )
            found.peak_rss_mb["saga"] = servers.peak_rss_mb(stack)
    return found


class Saga:
    """Runs of the product's workflow in one namespace, timed from the request to the result."""

    def __init__(self, client: Client, target: ProcessTarget | None = None) -> None:
        """`target` is where what was deployed is stopped after a run, outside the measured time."""
        self.client = client
        self._runs = TemporalRuns(client)
        self._target = target

    @classmethod
    async def at(cls, addresses: Addresses) -> "Saga":
        """The whole product."""
        client = await _client(addresses, addresses.temporal_namespace)
        key = kept(addresses.data_dir).runner_key
        return cls(client, ProcessTarget(ProcessTargetSettings(url=addresses.runner_url, key=key)))

    async def run(self, cmd: CreateIntegration, *, reviewed: bool = False) -> float:
        began = time.perf_counter()
        accepted = await self._runs.start_create(cmd)
        if reviewed:
            await self._approve(cmd.integration_id)
        handle = self.client.get_workflow_handle(accepted.workflow_id, result_type=RunOutcome)
        async with asyncio.timeout(_LONGEST):
            outcome = await handle.result()
        took = time.perf_counter() - began
        if outcome.stage is not Stage.ACTIVE:
            raise Different(f"A run ended {outcome.stage}.")
        if self._target is not None:
            await self._target.stop(ids.deployment(cmd.integration_id, f"{outcome.content_hash}"))
        return took

    async def _approve(self, integration_id: str) -> None:
        """Somebody else approves, as soon as they are asked."""
        async with asyncio.timeout(_LONGEST):
            while (status := await self._runs.status(integration_id)).waiting is None:  # noqa: ASYNC110 - a server's state
                await asyncio.sleep(0.2)
        reviewer = Actor(channel=Channel.API, name="grace", person_id=ids.new("per"))
        await self._runs.submit_review(
            integration_id,
            Review.model_validate(
                {
                    "id": ids.new("rev"),
                    "reviewer": reviewer,
                    "decision": Decision.APPROVE,
                    "content_hash": status.content_hash,
                    "at": status.stages[-1].entered_at,
                }
            ),
        )


async def _histories(saga: Saga, requests: Requests, found: Measured) -> None:
    """The happy path with a person's approval, with a small document and with a large one; and what is compared."""

    async def history(document: ArtifactRef, *, reviewed: bool) -> History:
        cmd = requests.request(document, automatic=not reviewed)
        took = await saga.run(cmd, reviewed=reviewed)
        say(f"saga, document of {document.size / 1000:.0f} KB{', reviewed' if reviewed else ''}: {took:.1f} s")
        return await read(saga.client, ids.lifecycle_workflow(cmd.integration_id))

    found.histories["small"] = await history(requests.small, reviewed=True)
    found.histories["large"] = await history(requests.large, reviewed=True)
    found.histories["saga"] = await history(requests.small, reviewed=False)


@asynccontextmanager
async def _workers(
    saga: Saga, requests: Requests, stack: Stack, found: Measured
) -> AsyncIterator[tuple[Callable[[], Awaitable[float]], Callable[[], Awaitable[float]]]]:
    """The workers of (b) and (c), each made from the history of the one before it; yields how to run one of each."""
    addresses = stack.addresses
    file = addresses.data_dir / "recording.json"
    file.write_text(recording(found.histories["saga"]).model_dump_json())
    async with servers.workers(servers.CANNED, "benchmarks.saga.canned", file, addresses) as canned_workers:
        canned = Saga(await _client(addresses, servers.CANNED))
        cmd = requests.request(requests.small)
        await canned.run(cmd)
        found.histories["workflow"] = await read(canned.client, ids.lifecycle_workflow(cmd.integration_id))
        bones = shape(found.histories["workflow"])
        file = addresses.data_dir / "shape.json"
        file.write_text(bones.model_dump_json())
        async with servers.workers(servers.BARE, "benchmarks.saga.bare", file, addresses) as bare_workers:
            client = await Client.connect(addresses.temporal_address, namespace=servers.BARE)
            workflow_id, _ = await _bare(client, bones)
            found.histories["bare"] = await read(client, workflow_id)
            check_same(found.histories)

            async def floor() -> float:
                _, took = await _bare(client, bones)
                return took

            yield lambda: canned.run(requests.request(requests.small)), floor
            found.peak_rss_mb["bare"] = servers.peak_rss_mb(bare_workers)
        found.peak_rss_mb["workflow"] = servers.peak_rss_mb(canned_workers)


async def _rounds(
    rounds: int,
    saga: Callable[[], Awaitable[float]],
    workflow: Callable[[], Awaitable[float]],
    floor: Callable[[], Awaitable[float]],
    found: Measured,
) -> None:
    for number in range(1, rounds + 1):
        found.saga.append(await saga())
        for _ in range(PAIRS):
            found.workflow.append(await workflow())
            found.bare.append(await floor())
        say(
            f"round {number} of {rounds}: saga {found.saga[-1]:.1f} s, canned {found.workflow[-1] * 1000:.0f} ms, "
            f"bare {found.bare[-1] * 1000:.0f} ms"
        )


async def _together(count: int, what: str, run: Callable[[], Awaitable[float]]) -> tuple[int, float]:
    """How many, and how many a minute."""
    say(f"{count} {what} at once")
    began = time.perf_counter()
    await asyncio.gather(*(run() for _ in range(count)))
    return count, 60 * count / (time.perf_counter() - began)


async def _bare(client: Client, bones: Shape) -> tuple[str, float]:
    workflow_id = ids.new("bare")
    began = time.perf_counter()
    handle = await client.start_workflow(
        bare.WORKFLOW, bare.told(bones), id=workflow_id, task_queue=LIFECYCLE_QUEUE, result_type=str
    )
    async with asyncio.timeout(_LONGEST):
        await handle.result()
    return workflow_id, time.perf_counter() - began


async def _client(addresses: Addresses, namespace: str) -> Client:
    """As the API connects: with the headers that tie a run's spans to the request's."""
    return await connect(TemporalSettings(address=addresses.temporal_address, namespace=namespace))


def check_same(histories: dict[str, History]) -> None:
    """Raises Different unless all three did the same number of activities, local activities and children."""
    each = {name: histories[name] for name in ("saga", "workflow", "bare")}
    counts = {name: (one.activities, one.local_activities, sum(1 for _ in one.all()) - 1) for name, one in each.items()}
    if len(set(counts.values())) != 1:
        raise Different(f"Activities, local activities and children differ: {counts}")
