"""Pausing: a person holds a run, and it stops at the next step's boundary.

What is under way ends, and is kept. Then nothing is begun that changes the outside, until a person lets it go on. Undo
never pauses, and neither does telling people where the run stands.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from temporalio import workflow

from domain.runs import Pause, Paused
from workflows import policies


@runtime_checkable
class Steered(Protocol):
    """A workflow that can be paused."""

    async def boundary(self) -> None:
        """Return when the next step may be taken."""


async def boundary() -> None:
    """Where a step of any workflow begins: one that is paused goes no further. A run that is not pays nothing."""
    instance = workflow.instance()
    if isinstance(instance, Steered):
        await instance.boundary()


class Pausing:
    """Whether one run is paused. `undoing` says that it undoes, which nothing holds up; `tell` shows how it stands."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.undoing: Callable[[], bool] = lambda: False
        self._tell = tell
        self._order: Pause | None = None
        self._since: datetime | None = None
        self._before = policies.NO_TIME
        self._held = 0
        self.resumed = 0

    @property
    def on(self) -> bool:
        return self._order is not None and not self.undoing()

    def pause(self, order: Pause) -> None:
        self._order, self._since = order, workflow.now()

    def resume(self) -> None:
        self._before = self.total()
        self._order = self._since = None
        self.resumed += 1

    def total(self) -> timedelta:
        """How long the run has been paused in all: deadlines for people do not count that time."""
        return self._before + (workflow.now() - self._since if self._since else policies.NO_TIME)

    async def boundary(self) -> None:
        if not self.on:
            return
        self._held += 1
        self._tell()
        try:
            await workflow.wait_condition(lambda: not self.on)
        finally:
            self._held -= 1

    def paused(self, *, waits: bool) -> Paused | None:
        """For the status; a run that `waits` for something stands."""
        if self._order is None or self._since is None or self.undoing():
            return None
        return Paused(by=self._order.by, reason=self._order.reason, since=self._since, holds=self._held > 0 or waits)
