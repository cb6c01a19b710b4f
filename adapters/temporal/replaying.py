"""Replaying histories against the workflows' code as it is here."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from adapters.temporal.tracing import Tracing
from domain.builds import Difference

_EVENT = re.compile(r"(?:HistoryEvent\(id: |event id |id: )(\d+)")
_LONGEST = 600


async def differences(
    workflows: Sequence[type], histories: AsyncIterator[WorkflowHistory], converter: DataConverter
) -> list[Difference]:
    """Those of `histories` that `workflows` do not replay."""
    replayer = Replayer(
        workflows=workflows,
        data_converter=converter,
        interceptors=[Tracing()],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with replayer.workflow_replay_iterator(histories) as results:
        return [
            _difference(result.history, result.replay_failure)
            async for result in results
            if result.replay_failure is not None
        ]


async def committed_differences(workflows: Sequence[type], folder: Path) -> tuple[int, list[Difference]]:
    """The same of the histories in `folder`, as `tests.replay.record` writes them; how many there are."""
    paths = await asyncio.to_thread(lambda: sorted(folder.glob("*.json")))

    async def histories() -> AsyncIterator[WorkflowHistory]:
        for path in paths:
            recorded = json.loads(path.read_bytes())
            yield WorkflowHistory.from_json(recorded.pop("workflowId"), recorded)

    return len(paths), await differences(workflows, histories(), pydantic_data_converter)


def _difference(history: WorkflowHistory, failure: Exception) -> Difference:
    message = " ".join(str(failure).split())
    event = _EVENT.search(message)
    started = history.events[0].workflow_execution_started_event_attributes
    return Difference(
        workflow_id=history.workflow_id,
        workflow=started.workflow_type.name,
        event=int(event[1]) if event else None,
        message=message[:_LONGEST],
    )
