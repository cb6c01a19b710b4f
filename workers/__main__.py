"""`python -m workers`: the Temporal workers, all task queues or those that are named."""

import argparse
import asyncio
import logging
import signal
import sys
from contextlib import AsyncExitStack

from pydantic import ValidationError

from adapters import telemetry
from adapters.temporal import connect
from domain.errors import CcbError
from domain.runs import LIFECYCLE_QUEUE
from workers.outbox import relay
from workers.queues import QUEUES, worker
from workers.wiring import ProcessSettings, build

_log = logging.getLogger("ccb.workers")


async def serve(queues: list[str]) -> None:
    """Work until told to stop; steps under way are given time to end."""
    settings = ProcessSettings()
    client = await connect(settings.temporal)
    parts = await build(settings, client)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        async with AsyncExitStack() as running:
            for queue in queues:
                await running.enter_async_context(worker(client, queue, parts.activities[queue], settings.worker))
            if LIFECYCLE_QUEUE in queues:
                relaying = asyncio.create_task(relay(parts.outbox, parts.bus))
                running.callback(relaying.cancel)
            _log.info("working", extra={"queues": queues})
            await stopped.wait()
    finally:
        await parts.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--queues", default=",".join(QUEUES), help="task queues, with commas between")
    queues = parser.parse_args().queues.split(",")
    if unknown := set(queues) - set(QUEUES):
        print(f"Unknown task queue: {', '.join(sorted(unknown))}. There are: {', '.join(QUEUES)}.", file=sys.stderr)
        return 2
    telemetry.configure("worker")
    try:
        asyncio.run(serve(queues))
    except CcbError as error:
        print(error.message, file=sys.stderr)
        return 1
    except ValidationError as error:
        print(f"The settings cannot be used: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
