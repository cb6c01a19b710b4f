"""States change late in both directions, whatever the checks say."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import ids
from domain.health import (
    CALM,
    Action,
    HealthHour,
    HealthPolicy,
    HealthState,
    Incident,
    IncidentStep,
    Outcome,
    Standing,
    next_state,
    uptime,
)

POLICY = HealthPolicy()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEALTHY, DEGRADED, DOWN = HealthState.HEALTHY, HealthState.DEGRADED, HealthState.DOWN


def states(outcomes: str, policy: HealthPolicy = POLICY) -> list[HealthState]:
    """The state after each of the outcomes, by their letters."""
    standing, found = Standing(), []
    for letter in outcomes:
        standing = next_state(standing, Outcome(letter), policy)
        found.append(standing.state)
    return found


def changes(found: list[HealthState]) -> int:
    return sum(one is not other for one, other in pairwise([HEALTHY, *found]))


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("ggg", HEALTHY),
        ("bb", HEALTHY),
        ("bbb", DOWN),
        ("bbbg", DOWN),
        ("bbbgb", DOWN),
        ("bbbgg", HEALTHY),
        ("bbbbbbbbbbbbbbbbgg", HEALTHY),
        ("bbbggbbbgg", DEGRADED),
        ("ss", HEALTHY),
        ("sss", DEGRADED),
        ("ssssssss", DEGRADED),
        ("gbgbgb", DEGRADED),
        ("sssggggggg", DEGRADED),
        ("sssggggggggg", HEALTHY),
    ],
)
def test_the_state_after_some_checks(outcomes: str, state: HealthState) -> None:
    assert states(outcomes)[-1] is state


@given(st.text(alphabet="gsb", min_size=1, max_size=4), st.integers(10, 30))
def test_a_pattern_without_an_outage_changes_the_state_once_at_most(pattern: str, times: int) -> None:
    """Whatever repeats itself within the window is either healthy or degraded, for good."""
    outcomes = pattern * times
    if "bbb" in outcomes:
        return
    assert changes(states(outcomes)) <= 1


@given(st.text(alphabet="gsb", max_size=200))
def test_down_needs_a_streak_and_up_needs_another(outcomes: str) -> None:
    before = HEALTHY
    for end, state in enumerate(states(outcomes), 1):
        if state is DOWN and before is not DOWN:
            assert outcomes[:end].endswith("b" * POLICY.down_after)
        if before is DOWN and state is not DOWN:
            assert "b" not in outcomes[end - POLICY.up_after : end]
        if before is DEGRADED and state is HEALTHY:
            recent = outcomes[max(0, end - POLICY.window) : end]
            assert sum(letter != "g" for letter in recent) <= CALM + POLICY.down_after - 1
        before = state


@given(
    st.text(alphabet="gsb", max_size=60),
    st.builds(
        HealthPolicy,
        down_after=st.integers(1, 6),
        up_after=st.integers(1, 6),
        window=st.integers(2, 12),
        degraded_after=st.integers(2, 8),
    ),
)
def test_it_heals_under_any_policy(outcomes: str, policy: HealthPolicy) -> None:
    assert states(outcomes + "g" * (policy.window + policy.up_after), policy)[-1] is HEALTHY
    assert states(outcomes + "b" * policy.down_after, policy)[-1] is DOWN


def incident(*steps: tuple[Action, int], closed: bool = False) -> Incident:
    return Incident(
        id=ids.new("inc"),
        integration_id=ids.new("int"),
        version="1.0.0",
        deployment_id=ids.new("dep"),
        cause="gone",
        opened_at=NOW,
        closed_at=NOW if closed else None,
        steps=[IncidentStep(action=action, at=NOW + timedelta(seconds=after)) for action, after in steps],
    )


@pytest.mark.parametrize(
    ("found", "after", "due"),
    [
        (incident(), 0, "restart"),
        (incident(("restart", 0)), 59, None),
        (incident(("restart", 0)), 60, "call"),
        (incident(("restart", 0), ("call", 60)), 3600, None),
        (incident(closed=True), 0, None),
    ],
    ids=["at once", "within its grace", "did not help", "all was done", "over"],
)
def test_actions_are_taken_one_after_another(found: Incident, after: int, due: Action | None) -> None:
    assert found.due(POLICY, DOWN, NOW + timedelta(seconds=after)) == due


def test_nothing_is_done_about_one_that_is_up_again() -> None:
    assert incident().due(POLICY, DEGRADED, NOW) is None


def test_uptime_is_the_share_of_good_checks() -> None:
    def hour(before: int, failures: int) -> HealthHour:
        return HealthHour(
            hour=NOW - timedelta(hours=before),
            checks=100,
            failures=failures,
            latency_mean_ms=1,
            latency_max_ms=2,
            requests=0,
            errors=0,
        )

    hours = [hour(30, 100), hour(2, 0), hour(1, 10)]
    assert uptime(hours, NOW - timedelta(hours=24)).share == pytest.approx(0.95)
    assert uptime([], NOW).share is None
