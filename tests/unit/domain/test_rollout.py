"""A new deployment is judged by what it did, against what the old one did."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.operations import Rollout
from domain.rollout import Judged, judge
from domain.vendors import Traffic
from workflows.policies import between_looks

ROLLOUT = Rollout(errors=0.02, slower=2.0, floor_ms=100.0, requests=20)


def traffic(requests: int = 100, errors: int = 0, p95: float | None = 40.0) -> Traffic:
    return Traffic(seconds=30, requests=requests, errors=errors, p95_ms=p95 if requests else None)


@pytest.mark.parametrize(
    ("old", "new", "expected", "words"),
    [
        pytest.param(traffic(), traffic(), Judged.GOOD, "0.0% of 100", id="alike"),
        pytest.param(traffic(), traffic(errors=2), Judged.GOOD, "2.0%", id="at-the-limit"),
        pytest.param(traffic(), traffic(errors=3), Judged.WORSE, "3.0% of its requests fail", id="errors"),
        pytest.param(traffic(errors=50), traffic(errors=52), Judged.GOOD, "", id="both-fail"),
        pytest.param(traffic(errors=50), traffic(errors=53), Judged.WORSE, "50.0% of the old", id="fails-more"),
        pytest.param(traffic(), traffic(p95=80.0), Judged.GOOD, "", id="slower-but-fast"),
        pytest.param(traffic(p95=60.0), traffic(p95=119.0), Judged.GOOD, "", id="not-twice-as-slow"),
        pytest.param(traffic(), traffic(p95=101.0), Judged.WORSE, "101 ms", id="slower"),
        pytest.param(traffic(), traffic(requests=19, errors=19), Judged.UNKNOWN, "too few", id="too-few"),
        pytest.param(traffic(requests=0), traffic(p95=5000.0), Judged.GOOD, "", id="nothing-to-compare-latency-with"),
        pytest.param(traffic(requests=5, errors=5), traffic(errors=3), Judged.WORSE, "", id="old-says-nothing"),
        pytest.param(traffic(), traffic(errors=100, p95=None), Judged.WORSE, "100.0%", id="no-answer-at-all"),
    ],
)
def test_it_is_worse_by_errors_and_by_latency(old: Traffic, new: Traffic, expected: Judged, words: str) -> None:
    found = judge(ROLLOUT, old=old, new=new, healthy=True)
    assert found.judged is expected
    assert words in found.reason


def test_a_sick_one_is_worse_whatever_its_figures() -> None:
    assert judge(ROLLOUT, old=traffic(), new=traffic(requests=0), healthy=False).judged is Judged.WORSE


def test_where_neither_answers_it_is_not_the_new_ones_fault_and_not_over() -> None:
    found = judge(ROLLOUT, old=traffic(), new=traffic(errors=50), healthy=False, old_healthy=False)
    assert (found.judged, found.outage) == (Judged.UNKNOWN, True)
    assert not judge(ROLLOUT, old=traffic(), new=traffic(), healthy=True, old_healthy=False).outage


@st.composite
def traffics(draw: st.DrawFn) -> Traffic:
    requests = draw(st.integers(0, 10_000))
    return traffic(requests, draw(st.integers(0, requests)), draw(st.floats(0.1, 60_000)))


@st.composite
def rollouts(draw: st.DrawFn) -> Rollout:
    return Rollout(
        errors=draw(st.floats(0, 1)),
        slower=draw(st.floats(1, 10)),
        floor_ms=draw(st.floats(0, 1000)),
        requests=draw(st.integers(1, 100)),
    )


@given(rollouts(), traffics())
def test_what_is_as_the_old_one_is_never_worse(rollout: Rollout, both: Traffic) -> None:
    expected = Judged.GOOD if both.requests >= rollout.requests else Judged.UNKNOWN
    assert judge(rollout, old=both, new=both, healthy=True).judged is expected


@given(rollouts(), traffics(), traffics(), st.integers(0, 1000))
def test_more_errors_are_never_better(rollout: Rollout, old: Traffic, new: Traffic, more: int) -> None:
    worse = new.model_copy(update={"errors": min(new.errors + more, new.requests)})
    if judge(rollout, old=old, new=new, healthy=True).judged is Judged.WORSE:
        assert judge(rollout, old=old, new=worse, healthy=True).judged is Judged.WORSE


@given(rollouts(), traffics(), traffics(), st.floats(1, 10))
def test_more_latency_is_never_better(rollout: Rollout, old: Traffic, new: Traffic, times: float) -> None:
    slower = new.model_copy(update={"p95_ms": None if new.p95_ms is None else new.p95_ms * times})
    if judge(rollout, old=old, new=new, healthy=True).judged is Judged.WORSE:
        assert judge(rollout, old=old, new=slower, healthy=True).judged is Judged.WORSE


@given(rollouts(), traffics(), traffics())
def test_too_few_requests_never_send_it_back(rollout: Rollout, old: Traffic, new: Traffic) -> None:
    few = new.model_copy(update={"requests": rollout.requests - 1, "errors": rollout.requests - 1})
    assert judge(rollout, old=old, new=few, healthy=True).judged is Judged.UNKNOWN


@given(st.integers(1, 7 * 86_400_000))
def test_a_hold_is_looked_at_soon_and_not_too_often(milliseconds: int) -> None:
    hold = timedelta(milliseconds=milliseconds)
    pause = between_looks(hold)
    assert pause == hold or pause >= timedelta(seconds=5)
    assert hold / pause <= 20
    assert pause <= max(timedelta(seconds=5), hold / 20)


def test_a_rollout_is_bounded() -> None:
    for wrong in ({"steps": [0]}, {"steps": [100]}, {"steps": [1] * 11}, {"hold": "PT0S"}, {"hold": "P8D"}):
        with pytest.raises(ValidationError):
            Rollout.model_validate(wrong)
    assert Rollout(strategy="blue_green").shares == []
