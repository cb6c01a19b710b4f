"""What operators may decide about watching, and what is refused."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from adapters.watching import DriftSettings, HealthSettings
from domain.health import SweepHealth
from domain.schedules import ScheduleSpec


def test_actions_are_taken_in_the_order_given() -> None:
    assert HealthSettings(on_down="roll_back,call").policy().on_down == ("roll_back", "call")
    assert HealthSettings(on_down="").policy().on_down == ()
    with pytest.raises(ValidationError, match="there is no action pray"):
        HealthSettings(on_down="restart,pray")


def test_a_sweep_ends_before_the_next_begins() -> None:
    spec = HealthSettings(every=timedelta(minutes=2)).schedule()
    assert spec.every is not None
    assert isinstance(spec.input, SweepHealth)
    assert timedelta(0) < spec.every - spec.input.lasting < timedelta(seconds=30)


def test_a_schedule_has_one_rhythm() -> None:
    assert DriftSettings().schedule().jitter == timedelta(minutes=30)
    with pytest.raises(ValidationError, match="either"):
        ScheduleSpec(id="both", workflow="X", every=timedelta(hours=1), cron="0 1 * * *")
    with pytest.raises(ValidationError, match="either"):
        ScheduleSpec(id="neither", workflow="X")
