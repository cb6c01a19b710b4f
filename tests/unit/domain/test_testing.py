"""Rounds are merged and runs compared by what is true of each test."""

from datetime import UTC, datetime

import pytest

from domain.people import Actor, Channel
from domain.reports import Effect, Finding, Level
from domain.testing import (
    Case,
    CaseCounts,
    CaseOutcome,
    ContractCase,
    Outcome,
    TestRun,
    TestRunDetail,
    Trigger,
    compared,
    decided,
    merged,
)

P, F, S, X = CaseOutcome.PASSED, CaseOutcome.FAILED, CaseOutcome.SKIPPED, CaseOutcome.FLAKY


def cases(**outcomes: CaseOutcome) -> dict[str, Case]:
    return {name: Case(name=name, outcome=told, message=f"{name} is {told}") for name, told in outcomes.items()}


def run(**changes: object) -> TestRunDetail:
    about = {
        "id": "tst_" + "0" * 32,
        "integration_id": "int_" + "0" * 32,
        "version": "1.0.0",
        "trigger": Trigger.DEMAND,
        "requester": Actor(channel=Channel.API, name="ada"),
        "started_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return TestRunDetail.model_validate(about | changes)


def test_one_round_is_told_as_it_was() -> None:
    assert merged(cases(b=F, a=P), None) == list(cases(a=P, b=F).values())


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (P, P, P),
        (F, P, X),
        (P, F, X),
        (F, F, F),
        (None, P, X),
        (P, None, X),
        (None, F, F),
        (F, None, F),
        (S, S, S),
        (F, S, F),
        (S, F, F),
        (S, P, P),
        (None, S, S),
    ],
    ids=str,
)
def test_what_passes_only_once_is_flaky(
    first: CaseOutcome | None, second: CaseOutcome | None, told: CaseOutcome
) -> None:
    [case] = merged(cases(**({"a": first} if first else {})), cases(**({"a": second} if second else {})))
    assert case.outcome is told
    if told is X:
        assert case.message == ("a is failed" if F in {first, second} else "One of the two runs ended before it.")


def test_the_outcome_follows_from_what_was_found() -> None:
    assert decided(run(counts=CaseCounts(passed=3))) is Outcome.PASSED
    assert decided(run(counts=CaseCounts(passed=3, flaky=1))) is Outcome.FLAKY
    assert decided(run(contracts=CaseCounts(flaky=1))) is Outcome.FLAKY
    assert decided(run(counts=CaseCounts(flaky=1, failed=1))) is Outcome.FAILED
    assert decided(run(contracts=CaseCounts(failed=1))) is Outcome.FAILED
    assert decided(run(findings={Effect.BLOCK: 1})) is Outcome.FAILED
    assert decided(run(findings={Effect.PERSON: 1, Effect.NOTE: 2})) is Outcome.PASSED
    assert decided(run(counts=CaseCounts(failed=1), error="no sandbox")) is Outcome.ERROR


def test_a_run_is_compared_with_the_one_before() -> None:
    known = Finding(tool="ruff", rule="E1", level=Level.ERROR, message="bad", path="a.py", line=3)
    new = known.model_copy(update={"rule": "E2"})
    before = run(cases=list(cases(a=P, b=F, c=P, d=X, gone=P).values()), blocking=[known])
    now = run(
        cases=list(cases(a=F, b=P, c=X, d=X, fresh=F).values()),
        blocking=[known.model_copy(update={"line": 9}), new],
    )
    told = compared(now, before)
    assert told.newly_failing == ["a", "fresh"]
    assert told.newly_passing == ["b"]
    assert told.newly_flaky == ["c"]
    assert told.new_findings == [new]
    assert told.with_id == before.id


def test_a_description_fits_a_status_and_says_what_was_found() -> None:
    flaky: TestRun = run(outcome=Outcome.FLAKY, counts=CaseCounts(passed=3, flaky=1))
    assert flaky.description == "Flaky, passed only on a second try: 3 passed, 1 flaky, 0 failed"
    assert run(outcome=Outcome.ERROR, error="x" * 500).description == "Could not be tested: " + "x" * 119
    failed = run(outcome=Outcome.FAILED, contracts=CaseCounts(failed=2), findings={Effect.BLOCK: 1})
    assert failed.description.endswith("0 failed; contracts 2 failed; 1 findings block")


def test_a_contract_case_has_a_name_of_its_own() -> None:
    one = ContractCase(capability="cities.list", source="live", outcome=CaseOutcome.PASSED)
    assert one.name == "contract::cities.list (live)"
