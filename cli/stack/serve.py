"""A stack in the foreground: from start to Ctrl-C."""

import asyncio
import signal
from collections.abc import Callable

from cli.stack.addresses import Addresses
from cli.stack.supervisor import Stack

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def serve(stack: Stack, *, on_ready: Callable[[Addresses], None] | None = None) -> None:
    """Run the stack until SIGINT, SIGTERM or SIGHUP; a second one ends it at once.

    Raises what entering `stack` raises.
    """
    loop = asyncio.get_running_loop()
    told = asyncio.Event()

    def end() -> None:
        if told.is_set():
            stack.kill()
        told.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, end)
    running = asyncio.create_task(_run(stack, on_ready))
    telling = asyncio.create_task(told.wait())
    try:
        await asyncio.wait({running, telling}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        telling.cancel()
        running.cancel()
        (outcome,) = await asyncio.gather(running, return_exceptions=True)
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
    if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
        raise outcome


async def _run(stack: Stack, on_ready: Callable[[Addresses], None] | None) -> None:
    async with stack:
        if on_ready is not None:
            on_ready(stack.addresses)
        await stack.wait()
