"""The floor: `python -m benchmarks.saga.bare SHAPE QUEUE…`, a workflow of the same shape, Temporal, and nothing else.

The same steps in the same order on queues of the same names, with payloads of the same sizes; strings, the SDK's own
converter, no interceptors, no workflow sandbox, no summaries, details, search attributes, updates or heartbeats.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from adapters.temporal import TemporalSettings
from benchmarks.saga.histories import Call, Shape, Step
from benchmarks.saga.process import until_told
from domain.runs import LIFECYCLE_QUEUE

WORKFLOW: Final = "Bare"
_LIMIT: Final = timedelta(minutes=1)
_shapes: list[Shape] = []
"""The shape and those of its children, in their order: a workflow is told its number."""


def told(shape: Shape, number: int = 0) -> str:
    """The input of a workflow of this shape."""
    return _filled(f"{number}:", shape.sent)


@activity.defn(name="work")
async def work(given: str) -> str:
    return _filled("", int(given.split(":", maxsplit=1)[0]))


@workflow.defn(name=WORKFLOW)
class BareWorkflow:
    @workflow.run
    async def run(self, given: str) -> str:
        shape = _shapes[int(given.split(":", maxsplit=1)[0])]
        for step in shape.steps:
            await _take(step)
        return _filled("", shape.returned)


async def _take(step: Step) -> None:
    if step.child is not None:
        await workflow.execute_child_workflow(BareWorkflow.run, told(step.child, _shapes.index(step.child)))
    elif step.kind == "local":
        await workflow.execute_local_activity(work, f"{step.returned}:", start_to_close_timeout=_LIMIT)
    elif len(step.calls) == 1:
        await _call(step.calls[0])
    else:
        await asyncio.gather(*map(_call, step.calls))


async def _call(call: Call) -> None:
    given = _filled(f"{call.returned}:", call.sent)
    await workflow.execute_activity(work, given, task_queue=call.queue, start_to_close_timeout=_LIMIT)


def _filled(text: str, size: int) -> str:
    """`text`, filled up so that it is `size` bytes of JSON, its quotes included."""
    return text.ljust(size - 2, "x")


async def _serve(shape: Shape, queues: Sequence[str]) -> None:
    _shapes.extend([shape, *(step.child for step in shape.steps if step.child is not None)])
    settings = TemporalSettings()
    client = await Client.connect(settings.address, namespace=settings.namespace)
    await until_told(
        [
            Worker(
                client,
                task_queue=queue,
                workflows=[BareWorkflow] if queue == LIFECYCLE_QUEUE else [],
                activities=[work],
                workflow_runner=UnsandboxedWorkflowRunner(),
            )
            for queue in queues
        ]
    )


if __name__ == "__main__":
    asyncio.run(_serve(Shape.model_validate_json(Path(sys.argv[1]).read_bytes()), sys.argv[2:]))
