"""Every change to a workflow passes replay of the committed histories, or is versioned."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, WorkflowReplayResult
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from adapters.temporal.tracing import Tracing
from workers.queues import WORKFLOWS

PASSED_THROUGH = (
    "annotated_types",
    "opentelemetry",
    "pydantic",
    "pydantic_core",
    "typing_extensions",
    "uuid_utils",
    "yaml",
)
"""Libraries that are pure once imported. None of our own modules: what they may not do in a workflow is caught here."""

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def history(path: Path) -> WorkflowHistory:
    recorded = json.loads(path.read_text())
    return WorkflowHistory.from_json(recorded.pop("workflowId"), recorded)


def kind(path: Path) -> str:
    """The type of the workflow that a history is of."""
    started = json.loads(path.read_text())["events"][0]["workflowExecutionStartedEventAttributes"]
    return str(started["workflowType"]["name"])


def replayer(name: str) -> Replayer:
    """For this type of workflow alone: the sandbox imports everything anew for each that it is given."""
    mine = [each for each in WORKFLOWS if getattr(each, "__temporal_workflow_definition").name == name]
    return Replayer(
        workflows=mine,
        data_converter=pydantic_data_converter,
        interceptors=[Tracing()],
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
        ),
    )


Replay = Callable[[Path], Awaitable[Exception | None]]
Line = tuple[asyncio.Queue[WorkflowHistory], AsyncIterator[WorkflowReplayResult]]


@pytest.fixture(scope="module")
async def replay() -> AsyncIterator[Replay]:
    """Replays a history and returns what it failed with. Each type has one replayer, made when it is first needed."""
    async with AsyncExitStack() as running:
        lines: dict[str, Line] = {}

        async def one(path: Path) -> Exception | None:
            name = kind(path)
            if name not in lines:
                given: asyncio.Queue[WorkflowHistory] = asyncio.Queue()
                opened = replayer(name).workflow_replay_iterator(_each(given))
                lines[name] = given, await running.enter_async_context(opened)
            asked, answers = lines[name]
            asked.put_nowait(history(path))
            return (await anext(answers)).replay_failure

        yield one


async def _each(asked: asyncio.Queue[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
    while True:
        yield await asked.get()


def test_each_workflow_has_a_history() -> None:
    recorded = {kind(path) for path in HISTORIES}
    assert recorded == {
        "Converse",
        "CreateIntegration",
        "DeployVersion",
        "DeprecateIntegration",
        "HandleDelivery",
        "NightlyTests",
        "RetireIntegration",
        "SweepHealth",
        "TestVersion",
        "UndeprecateIntegration",
        "UpdateIntegration",
        "WatchDrift",
    }


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_it_replays(replay: Replay, path: Path) -> None:
    assert await replay(path) is None


async def test_a_difference_is_found() -> None:
    """The check can fail: a history in which another step was taken does not replay."""
    path = next(path for path in HISTORIES if path.stem == "create-automatic")
    text = path.read_text()
    other = json.loads(text.replace('"repository.push_branch"', '"repository.push_something_else"'))
    assert other != json.loads(text)
    with pytest.raises(Exception, match=r"(?i)nondeterminism|TMPRL1100"):
        await replayer(kind(path)).replay_workflow(WorkflowHistory.from_json(other.pop("workflowId"), other))
