"""A worker process: works on some queues until it is told to end."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack

from temporalio.worker import Worker


async def until_told(workers: Sequence[Worker]) -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with AsyncExitStack() as running:
        for worker in workers:
            await running.enter_async_context(worker)
        await told.wait()
