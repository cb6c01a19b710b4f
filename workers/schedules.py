"""What is started again and again. The workers of the queue `lifecycle` make these schedules when they start."""

from adapters.testing import NightlySettings
from adapters.watching import DriftSettings, HealthSettings
from domain.schedules import ScheduleSpec


def schedules() -> list[ScheduleSpec]:
    return [HealthSettings().schedule(), DriftSettings().schedule(), NightlySettings().schedule()]
