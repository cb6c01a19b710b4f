"""`python -m tests.workflows.dying`: a worker of the queue `claude` that is killed once it has recorded a turn.

It dies by its own hand, at the one moment that nobody outside can hit: the turn is in the books, and Temporal has not
been told.
"""

import asyncio
import os
import signal

from temporalio import activity

from activities.conversations import ConversationActivities
from adapters.temporal import TemporalSettings, connect
from domain.runs import CLAUDE_QUEUE
from domain.steps import TakeTurn, TurnTaken
from workers.queues import activities, worker
from workers.shared import Shared


async def main() -> None:
    client = await connect(TemporalSettings())
    shared = await Shared.open(client, [CLAUDE_QUEUE])
    (real,) = activities(CLAUDE_QUEUE, shared)
    assert real.__func__ is ConversationActivities.turn  # type: ignore[attr-defined]

    @activity.defn(name="claude.turn")
    async def turn(cmd: TakeTurn) -> TurnTaken:
        await real(cmd)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it lives")

    async with worker(client, CLAUDE_QUEUE, [turn], shared.settings):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
