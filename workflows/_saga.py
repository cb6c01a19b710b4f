"""A saga: undos are registered before their steps, and run in reverse when the story fails.

An undo is registered first because a create that timed out may have landed. So each must be safe to repeat and safe if
its step never ran. A bug (any exception that is not a failure) undoes nothing: it stalls the workflow task for a fix.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from temporalio.exceptions import FailureError

from domain.runs import Undone
from workflows._failures import describe

First = TypeVar("First")
Second = TypeVar("Second")
Undo = Callable[[], Awaitable[Any]]


class Saga:
    """`async with Saga() as saga:` — leaving the block by a failure or a cancellation undoes what was done.

    `undone` tells, after that, what was undone and what could not be, by name.
    """

    def __init__(self) -> None:
        self.undoing = False
        self.settled = False
        self.undone: list[Undone] = []
        self._undos: list[tuple[str, Undo]] = []

    def settle(self) -> None:
        """There is no way back from here: nothing is undone any more, and the run is not stopped or paused."""
        self.settled = True
        self._undos = []

    def on_failure(self, name: str, undo: Undo) -> None:
        """Register `undo` under the name that people will read; a second one of the same name replaces the first."""
        self._undos = [(known, how) for known, how in self._undos if known != name]
        self._undos.append((name, undo))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not isinstance(error, FailureError | asyncio.CancelledError):
            return
        self.undoing = True
        for name, undo in reversed(self._undos):
            await to_the_end(asyncio.create_task(self._attempt(name, undo)))

    async def _attempt(self, name: str, undo: Undo) -> None:
        try:
            await undo()
        except FailureError as error:
            self.undone.append(Undone(step=name, ok=False, error=describe(error).message))
        else:
            self.undone.append(Undone(step=name, ok=True))


async def to_the_end(task: asyncio.Task[None]) -> None:
    """Wait for an undo, or for what has no way back, whatever is cancelled meanwhile: nothing is more important."""
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue
    task.result()


async def both(first: Awaitable[First], second: Awaitable[Second]) -> tuple[First, Second]:
    """Take two steps in parallel; both settle before the first failure, if any, is raised."""
    one, two = await asyncio.gather(first, second, return_exceptions=True)
    if isinstance(one, BaseException):
        raise one
    if isinstance(two, BaseException):
        raise two
    return one, two
