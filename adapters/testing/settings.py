"""What an operator decides about testing what serves."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.schedules import ScheduleSpec
from domain.testing import NIGHTLY_WORKFLOW, NightlyTests

NIGHTLY = "test-nightly"


class NightlySettings(BaseSettings):
    """CCB_NIGHTLY_*: when everything that serves is tested, as a line of cron (UTC), and how many at a time."""

    model_config = SettingsConfigDict(env_prefix="CCB_NIGHTLY_", frozen=True, extra="ignore")

    cron: str = "0 2 * * *"
    jitter: timedelta = Field(default=timedelta(minutes=15), ge=timedelta(0))
    at_once: int = Field(default=2, ge=1, le=100)

    def schedule(self) -> ScheduleSpec:
        return ScheduleSpec(
            id=NIGHTLY,
            workflow=NIGHTLY_WORKFLOW,
            cron=self.cron,
            jitter=self.jitter,
            # A machine that slept until the morning tests then.
            catch_up=timedelta(hours=6),
            input=NightlyTests(at_once=self.at_once),
            summary="Test all integrations that serve",
        )
