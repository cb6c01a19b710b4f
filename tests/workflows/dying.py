"""`python -m tests.workflows.dying`: a worker of one queue that is killed at one step.

It dies by its own hand, at the moments that nobody outside can hit: `WHEN` the step `STEP` is about to be done, or is
done and Temporal has not been told; the first `SKIP` times it lives on.
"""

import asyncio
import itertools
import os
import signal
import typing
from typing import Any

from temporalio import activity

from adapters.temporal import TemporalSettings, connect
from workers.queues import activities, worker
from workers.shared import Shared, Step


def dying(real: Step, when: str, skip: int) -> Step:
    times = itertools.count()

    async def step(cmd: Any) -> Any:
        lives = next(times) < skip
        done = await real(cmd) if lives or when == "after" else None
        if not lives:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    step.__annotations__ = typing.get_type_hints(real)
    return activity.defn(name=_name(real))(step)


def _name(step: Step) -> str:
    return str(getattr(step, "__temporal_activity_definition").name)


async def main() -> None:
    queue, last = os.environ["QUEUE"], os.environ["STEP"]
    client = await connect(TemporalSettings())
    shared = await Shared.open(client, [queue])
    steps = {_name(one): one for one in activities(queue, shared)}
    steps[last] = dying(steps[last], os.environ["WHEN"], int(os.environ["SKIP"]))
    async with worker(client, queue, list(steps.values()), shared.settings):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
