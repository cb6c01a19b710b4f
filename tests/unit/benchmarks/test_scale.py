"""What the scale benchmark makes of what it measured."""

import json

import pytest

from benchmarks.saga.histories import Recording, Result
from benchmarks.scale.growth import exponent, slope
from benchmarks.scale.measure import AtOnce, Long, Measured, Waiting
from benchmarks.scale.report import figures, text
from benchmarks.scale.world import undecided


@pytest.mark.parametrize(("power", "expected"), [(0.5, 0.5), (1, 1.0), (2, 2.0)])
def test_the_exponent_is_that_of_the_growth(power: float, expected: float) -> None:
    assert exponent([(size, 3 * size**power) for size in (1, 10, 100, 1000)]) == expected


def test_one_size_says_nothing_about_growth() -> None:
    assert exponent([(10, 1.0)]) is None
    assert exponent([(10, 1.0), (20, 0.0)]) is None
    assert slope([(10, 1.0)]) is None


def test_what_one_more_costs() -> None:
    assert slope([(10, 105.0), (20, 110.0), (40, 120.0)]) == 0.5


def test_after_the_review_was_asked_for_people_are_reminded_and_nothing_else() -> None:
    recorded = {
        "#1": Result(activity="chat.post", data='{"ts": 1}'),
        "#2": Result(activity="integration.record_review", data="null"),
        "#3": Result(activity="deploy.start", data="null"),
    }
    found = undecided(Recording(results=recorded)).results
    assert found["#1"] == found["#2"] == found["#3"] == found["#400"] == recorded["#1"]


def measured() -> Measured:
    sizes = [AtOnce(1, 1.0, [0.1], [1.0]), AtOnce(10, 8.0, [0.2] * 10, [8.0] * 10), AtOnce(100, 70.0, [1.0], [70.0])]
    waiting = Waiting(20, [(10, 100.0), (20, 110.0), (40, 112.0)], [0.1, 0.3, 0.2])
    return Measured(sizes, waiting, Long([30, 365], [500, 4500], [80_000, 700_000]))


def test_the_figures_are_named_and_no_run_may_be_lost() -> None:
    found = measured()
    named = figures(found)
    assert named["seconds_exponent"] == pytest.approx(0.92, abs=0.01)
    assert named["runs_per_minute"] == 85.7
    assert (named["waiting_mb_a_cached_run"], named["waiting_approved_s"]) == (1.0, 0.2)
    assert (named["long_wait_events"], named["long_wait_bytes"]) == (4500, 700_000)
    assert named["runs_lost_or_stuck"] == 0
    assert json.loads(json.dumps(named))
    assert "runs_per_minute" in text(found)
    found.at_once[1].lost = 2
    assert figures(found)["runs_lost_or_stuck"] == 2
