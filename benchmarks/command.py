"""What every benchmark's command does: measure until done or told to stop, then print the figures, or why not."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from adapters import telemetry

Figures = TypeVar("Figures")


def run(
    measuring: Coroutine[Any, Any, Figures],
    *,
    text: Callable[[Figures], str],
    last_line: Callable[[Figures], str] | None,
    sentences: tuple[type[Exception], ...],
) -> int:
    """The exit code: 0, 1 after an error of `sentences`, 130 when told to stop.

    `text` is what people read; `last_line`, where it is wanted, the figures by name.
    """
    telemetry.configure("benchmark", level=logging.WARNING)
    try:
        found = asyncio.run(_measured(measuring))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("Stopped; nothing is left running.\n")
        return 130
    except sentences as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{text(found)}\n")
    if last_line is not None:
        sys.stdout.write(f"{last_line(found)}\n")
    return 0


async def _measured(measuring: Coroutine[Any, Any, Figures]) -> Figures:
    task = asyncio.ensure_future(measuring)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
