"""What an operator decides about watching. Times as ISO 8601 durations, such as `PT5M`."""

from datetime import timedelta
from typing import get_args

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.drift import WATCH_WORKFLOW, DriftPolicy, WatchDrift
from domain.health import SWEEP_WORKFLOW, Action, HealthPolicy, SweepHealth
from domain.schedules import ScheduleSpec

SWEEPS = "sweep-health"
WATCHES = "watch-drift"

_PAUSE = timedelta(seconds=10)
"""Between the end of a sweep and the start of the next, which is passed over while one runs."""


class HealthSettings(BaseSettings):
    """CCB_HEALTH_*: when an integration counts as degraded or down, and what is done then (see domain.health).

    `on_down` are actions with commas between: `restart`, `roll_back`, `call`. A sweep is started `every` so often and
    lasts until just before the next; when each integration is checked is its manifest's to say.
    """

    model_config = SettingsConfigDict(env_prefix="CCB_HEALTH_", frozen=True, extra="ignore")

    every: timedelta = Field(default=timedelta(minutes=5), ge=timedelta(seconds=20), le=timedelta(minutes=30))
    batch: int = Field(default=200, ge=1, le=1000)
    down_after: int = Field(default=3, ge=1, le=50)
    up_after: int = Field(default=2, ge=1, le=50)
    window: int = Field(default=10, ge=2, le=50)
    degraded_after: int = Field(default=3, ge=2, le=50)
    slow: float = Field(default=0.5, gt=0, le=1)
    on_down: str = "restart,call"
    grace: timedelta = timedelta(minutes=1)
    kept: timedelta = Field(default=timedelta(days=90), ge=timedelta(days=31))

    @field_validator("on_down")
    @classmethod
    def _known(cls, value: str) -> str:
        unknown = set(filter(None, value.split(","))) - set(get_args(Action))
        if unknown:
            known = ", ".join(get_args(Action))
            raise ValueError(f"there is no action {', '.join(sorted(unknown))}; there are {known}")
        return value

    def policy(self) -> HealthPolicy:
        return HealthPolicy.model_validate(
            {
                **self.model_dump(include=set(HealthPolicy.model_fields)),
                "on_down": tuple(filter(None, self.on_down.split(","))),
            }
        )

    def schedule(self) -> ScheduleSpec:
        return ScheduleSpec(
            id=SWEEPS,
            workflow=SWEEP_WORKFLOW,
            every=self.every,
            at_once=True,
            input=SweepHealth(lasting=self.every - _PAUSE, batch=self.batch),
            summary="Check the health of all integrations",
        )


class DriftSettings(BaseSettings):
    """CCB_DRIFT_*: how often the documents of outside APIs are looked at, and when a missing one is told of."""

    model_config = SettingsConfigDict(env_prefix="CCB_DRIFT_", frozen=True, extra="ignore")

    every: timedelta = Field(default=timedelta(hours=6), ge=timedelta(minutes=1))
    jitter: timedelta = Field(default=timedelta(minutes=30), ge=timedelta(0))
    tell_after: timedelta = Field(default=timedelta(days=3), ge=timedelta(0))
    kept: timedelta = Field(default=timedelta(days=90), ge=timedelta(days=1))
    batch: int = Field(default=20, ge=1, le=200)

    def policy(self) -> DriftPolicy:
        return DriftPolicy(tell_after=self.tell_after, kept=self.kept)

    def schedule(self) -> ScheduleSpec:
        return ScheduleSpec(
            id=WATCHES,
            workflow=WATCH_WORKFLOW,
            every=self.every,
            jitter=self.jitter,
            catch_up=timedelta(hours=1),
            input=WatchDrift(batch=self.batch),
            summary="Compare the documents of outside APIs with those that were built for",
        )
