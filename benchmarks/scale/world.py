"""What is measured: the product's stack, its workers with canned activities beside it, and runs of them."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import FastForwardConfig, TimeSkippingConfig, WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionOptionsRequest
from temporalio.client import Client, WorkflowFailureError

from adapters.temporal import TemporalRuns, TemporalSettings, connect
from benchmarks.saga import servers
from benchmarks.saga.histories import Recording, read, recording
from benchmarks.saga.measure import Saga
from benchmarks.saga.requests import Requests
from cli.stack import Part, Stack, StackOptions
from cli.stack.layout import Layout, standard
from cli.stack.temporal import prepared, workers_polling
from domain import ids
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.review import Decision, Review
from domain.runs import CreateIntegration, RunOutcome

NAMESPACE: Final = servers.CANNED
_PATIENCE: Final = 240.0
LONGEST: Final = 3600.0
"""Seconds after which a run counts as stuck."""

REMINDERS: Final = 2000
"""More than a run needs that is reminded daily for a year."""


@dataclass(frozen=True)
class Canned:
    """Runs of the product's own workflow code, whose activities answer at once what they answered in a recorded run."""

    client: Client
    runs: TemporalRuns
    requests: Requests
    stack: Stack

    def request(self, *, automatic: bool, deadline: timedelta = timedelta(days=14)) -> CreateIntegration:
        cmd = self.requests.request(self.requests.small, automatic=automatic)
        return cmd.model_copy(update={"policy": cmd.policy.model_copy(update={"deadline": deadline})})

    async def ended(self, cmd: CreateIntegration) -> bool:
        """Whether it ended active; False for one that failed or is stuck."""
        handle = self.client.get_workflow_handle(ids.lifecycle_workflow(cmd.integration_id), result_type=RunOutcome)
        try:
            async with asyncio.timeout(LONGEST):
                return (await handle.result()).stage is Stage.ACTIVE
        except (WorkflowFailureError, TimeoutError):
            return False

    async def approve(self, cmd: CreateIntegration) -> float:
        """A person approves; the seconds until the run has taken it, whether or not a worker has it in memory."""
        status = await self.runs.status(cmd.integration_id)
        reviewer = Actor(channel=Channel.API, name="grace", person_id=ids.new("per"))
        submitted = Review.model_validate(
            {
                "id": ids.new("rev"),
                "reviewer": reviewer,
                "decision": Decision.APPROVE,
                "content_hash": status.content_hash,
                "at": status.stages[-1].entered_at,
            }
        )
        began = time.perf_counter()
        await self.runs.submit_review(cmd.integration_id, submitted)
        return time.perf_counter() - began

    async def in_review(self) -> int:
        """How many runs wait for people: by search, so that none is brought into a worker's memory for it."""
        return (await self.client.count_workflows("Stage = 'reviewing' AND ExecutionStatus = 'Running'")).count

    async def fast_forward(self, cmd: CreateIntegration, by: timedelta) -> None:
        """Let this run's time go on by `by` at once."""
        duration = Duration()
        duration.FromTimedelta(by)
        forward = FastForwardConfig(id=ids.new("ff"), duration=duration)
        await self.client.workflow_service.update_workflow_execution_options(
            UpdateWorkflowExecutionOptionsRequest(
                namespace=NAMESPACE,
                workflow_execution=WorkflowExecution(workflow_id=ids.lifecycle_workflow(cmd.integration_id)),
                workflow_execution_options=WorkflowExecutionOptions(
                    time_skipping_config=TimeSkippingConfig(enabled=True, fast_forward_config=forward)
                ),
                update_mask=FieldMask(paths=["time_skipping_config"]),
            )
        )

    def rss_mb(self) -> float:
        """What the process that has the runs in memory holds now (VmRSS of proc(5)). Raises NotReady if it died."""
        event = self.stack.states["workers"]
        servers.peak_rss_mb(self.stack)
        status = Path(f"/proc/{event.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@asynccontextmanager
async def product(folder: Path) -> AsyncIterator[Stack]:
    """The stack of `ccb up --simulate`, with a namespace for the canned runs and time that can be skipped."""
    options = StackOptions.on_free_ports(folder, simulate=True)
    skipping = ("frontend.WorkflowTimeSkippingEnabled=true",)
    options = options.model_copy(update={"start_timeout": _PATIENCE, "temporal_config": skipping})
    async with Stack(options, environ=servers.environment(), layout=_with_namespace) as stack:
        yield stack


def _with_namespace(options: StackOptions, data_dir: Path, environ: Mapping[str, str]) -> Layout:
    made = standard(options, data_dir, environ)
    return replace(made, parts=[_more(part) if part.name == "temporal" else part for part in made.parts])


def _more(server: Part) -> Part:
    return replace(server, command=[*server.command, "--namespace", NAMESPACE])


async def recorded(stack: Stack, requests: Requests, *, automatic: bool) -> Recording:
    """A run of the product, without people or approved by one."""
    saga = await Saga.at(stack.addresses)
    cmd = requests.request(requests.small, automatic=automatic)
    await saga.run(cmd, reviewed=not automatic)
    return recording(await read(saga.client, ids.lifecycle_workflow(cmd.integration_id)))


def undecided(reviewed: Recording) -> Recording:
    """What was recorded until the review came; from there on people are reminded, and nothing else happens."""
    (place,) = (at for at, one in reviewed.results.items() if one.activity == "integration.record_review")
    posted = next(one for one in reviewed.results.values() if one.activity == "chat.post")
    decided = int(place.removeprefix("#"))
    reminders = {f"#{number}": posted for number in range(decided, decided + REMINDERS)}
    return reviewed.model_copy(update={"results": reviewed.results | reminders})


@asynccontextmanager
async def workers(stack: Stack, requests: Requests, found: Recording, *, cached: int) -> AsyncIterator[Canned]:
    """The product's workers with canned activities; one keeps the state of at most `cached` runs in memory."""
    addresses = stack.addresses
    file = addresses.data_dir / "recording.json"
    file.write_text(found.model_dump_json())
    told = servers.environment() | {
        "CCB_TEMPORAL_ADDRESS": addresses.temporal_address,
        "CCB_TEMPORAL_NAMESPACE": NAMESPACE,
        "CCB_WORKER_CACHED_WORKFLOWS": str(cached),
    }
    parts = [
        Part(
            name=name,
            command=[sys.executable, "-m", "benchmarks.saga.canned", str(file), *queues],
            environment=told,
            ready=workers_polling(addresses.temporal_address, NAMESPACE, queues),
            prepare=prepared(addresses.temporal_address, NAMESPACE),
        )
        for name, queues in servers.PROCESSES.items()
    ]
    options = StackOptions.on_free_ports(addresses.data_dir / f"cached-{cached}")
    options = options.model_copy(update={"start_timeout": _PATIENCE})
    async with Stack(options, layout=lambda *_: Layout(parts=parts)) as running:
        client = await connect(TemporalSettings(address=addresses.temporal_address, namespace=NAMESPACE))
        yield Canned(client, TemporalRuns(client), requests, running)
