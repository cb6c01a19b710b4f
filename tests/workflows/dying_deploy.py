"""`python -m tests.workflows.dying_deploy`: a worker of the queue `deploy` that is killed at one step.

It dies by its own hand, `WHEN` the step `STEP` is about to be done, or is done and Temporal has not been told.
"""

import asyncio
import os
import signal
import typing
from typing import Any

from temporalio import activity

from adapters.temporal import TemporalSettings, connect
from domain.runs import DEPLOY_QUEUE
from workers.queues import activities, worker
from workers.shared import Shared, Step


def dying(real: Step, when: str) -> Step:
    async def step(cmd: Any) -> Any:
        if when == "after":
            await real(cmd)
        os.kill(os.getpid(), signal.SIGKILL)

    step.__annotations__ = typing.get_type_hints(real)
    return activity.defn(name=_name(real))(step)


def _name(step: Step) -> str:
    return str(getattr(step, "__temporal_activity_definition").name)


async def main() -> None:
    client = await connect(TemporalSettings())
    shared = await Shared.open(client, [DEPLOY_QUEUE])
    found = activities(DEPLOY_QUEUE, shared)
    assert os.environ["STEP"] in map(_name, found)
    steps = [dying(one, os.environ["WHEN"]) if _name(one) == os.environ["STEP"] else one for one in found]
    async with worker(client, DEPLOY_QUEUE, steps, shared.settings):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
