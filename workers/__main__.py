"""`python -m workers`: the Temporal workers, all task queues or those that are named."""

import argparse
import asyncio
import importlib
import logging
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack

from pydantic import ValidationError
from temporalio import activity, workflow

from adapters import telemetry
from adapters.bus import RedisSettings, open_bus
from adapters.database import SqlOutbox
from adapters.policy import explained
from adapters.temporal import TemporalSettings, connect
from adapters.temporal.schedules import ensure
from domain.errors import CcbError
from domain.ports import Bus
from domain.runs import BUILD_QUEUE, LIFECYCLE_QUEUE
from workers.outbox import relay
from workers.queues import QUEUES, activities, worker
from workers.schedules import schedules
from workers.shared import Shared

_log = logging.getLogger("ccb.workers")


async def serve(queues: list[str]) -> None:
    """Work until told to stop; steps under way are given time to end."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    shared = await Shared.open(await connect(TemporalSettings()), queues)
    bus = open_bus(RedisSettings().plain_url)
    try:
        async with AsyncExitStack() as running:
            for queue in queues:
                steps = activities(queue, shared)
                await running.enter_async_context(worker(shared.client, queue, steps, shared.settings))
            for aside in _aside(queues, shared, bus):
                running.callback(asyncio.create_task(aside).cancel)
            if LIFECYCLE_QUEUE in queues:
                await ensure(shared.client, schedules())
            _log.info("working", extra={"queues": queues})
            await stopped.wait()
    finally:
        await bus.close()
        await shared.close()


def _aside(queues: list[str], shared: Shared, bus: Bus) -> Iterator[Coroutine[None, None, None]]:
    """What a worker does beside its steps."""
    if LIFECYCLE_QUEUE in queues:
        yield relay(SqlOutbox(shared.database), bus)
    if BUILD_QUEUE in queues:
        yield _warmed(shared)


async def _warmed(shared: Shared) -> None:
    try:
        await importlib.import_module("workers.on_build").warm(shared)
    except CcbError as error:  # the first build will say it to people
        _log.warning("no environment for builds yet", extra={"code": error.code, "error": error.message})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--queues", default=",".join(QUEUES), help="task queues, with commas between")
    queues = parser.parse_args().queues.split(",")
    if unknown := set(queues) - set(QUEUES):
        print(f"Unknown task queue: {', '.join(sorted(unknown))}. There are: {', '.join(QUEUES)}.", file=sys.stderr)
        return 2
    telemetry.configure("worker")
    # Which step it was goes with a log line as metadata: messages stay constant, so that they can be counted.
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    try:
        asyncio.run(serve(queues))
    except CcbError as error:
        print(error.message, file=sys.stderr)
        return 1
    except ValidationError as error:
        print(explained(error), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    telemetry.leave(main())
