"""What is started again and again, by Temporal's own schedules."""

from datetime import timedelta
from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from domain.base import Data
from domain.runs import LIFECYCLE_QUEUE


class ScheduleSpec(Data):
    """One schedule: `workflow` is started with `input` every so often, or as `cron` says (UTC). Exactly one of the two.

    A start is passed over while the one before it still runs, and when it is late by more than `catch_up`. `jitter` is
    by how much each is put off at random, so that installations do not all ask the same vendors at once. `at_once`: it
    starts for the first time when it is made.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,60}$")
    workflow: str
    queue: str = LIFECYCLE_QUEUE
    every: timedelta | None = Field(default=None, gt=timedelta(0))
    cron: str | None = None
    jitter: timedelta = timedelta(0)
    catch_up: timedelta = timedelta(minutes=1)
    at_once: bool = False
    input: Data | None = None
    summary: str = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise ValueError("a schedule has either `every` or `cron`")
        return self


class Schedule(Data):
    """A schedule as Temporal has it."""

    id: str
    workflow: str
    paused: bool
    every: timedelta | None = None
    cron: str | None = None
    next_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    last_workflow_id: str | None = None
