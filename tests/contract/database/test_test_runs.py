"""Test runs: kept when they begin and end, in order, with one event each; what serves is paged through."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.database import SqlIntegrations, SqlOutbox, SqlTestRuns
from adapters.database.tests import KEPT_CASES
from domain import ids
from domain.errors import NotFound
from domain.events import EventType
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.testing import Case, CaseCounts, CaseOutcome, Outcome, TestRunDetail, Trigger

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CASES = [Case(name="a", outcome=CaseOutcome.PASSED), Case(name="b", outcome=CaseOutcome.FAILED, message="ü\x00")]


@pytest.fixture
def runs(db):
    return SqlTestRuns(db)


@pytest.fixture
async def integration(db, requested):
    cmd = requested(name="weather")
    return await SqlIntegrations(db).accept(cmd, workflow_id="w", run_id="r")


def made(integration, minute: int = 0, **changes) -> TestRunDetail:
    about = {
        "id": ids.derived("tst", f"{minute}", NOW + timedelta(minutes=minute)),
        "integration_id": integration.id,
        "name": "weather",
        "version": "1.0.0",
        "trigger": Trigger.DEMAND,
        "requester": Actor(channel=Channel.API, name="ada"),
        "started_at": NOW + timedelta(minutes=minute),
    }
    return TestRunDetail.model_validate(about | changes)


def ended(run: TestRunDetail, outcome: Outcome = Outcome.FAILED) -> TestRunDetail:
    counts = CaseCounts.of(CASES)
    end = run.started_at + timedelta(seconds=9)
    return run.model_copy(update={"ended_at": end, "outcome": outcome, "counts": counts, "cases": CASES})


async def test_a_run_is_there_from_its_beginning(runs, integration):
    run = made(integration)
    begun = await runs.begin(run)
    assert (begun.outcome, begun.ended_at, begun.id) == (None, None, run.id)
    assert (await runs.begin(made(integration, version="2.0.0"))).version == "1.0.0", "the first stays"
    assert [one.id for one in await runs.page(integration.id, limit=10)] == [run.id]


async def test_what_came_of_it_is_kept_with_one_event(db, runs, integration):
    run = made(integration)
    await runs.begin(run)
    for _ in range(2):
        await runs.finish(ended(run))
    found = await runs.get(integration.id, run.id)
    assert (found.outcome, found.counts, [case.name for case in found.cases]) == (
        Outcome.FAILED,
        CaseCounts(passed=1, failed=1),
        ["a", "b"],
    )
    told = [event for event in await SqlOutbox(db).unsent(100) if event.type is EventType.TESTED]
    assert [event.data["metadata"]["outcome"] for event in told] == ["failed"]
    assert told[0].data["metadata"]["test_id"] == run.id
    [audited] = [entry for entry in await SqlIntegrations(db).audit(integration.id) if entry.action.endswith("test")]
    assert (audited.actor.name, audited.result) == ("ada", "failed")


async def test_a_summary_has_no_cases_and_pages_go_backwards(runs, integration):
    for minute in range(5):
        await runs.finish(ended(made(integration, minute)))
    first = await runs.page(integration.id, limit=2)
    rest = await runs.page(integration.id, limit=10, before=first[-1].id)
    assert [one.started_at.minute for one in [*first, *rest]] == [4, 3, 2, 1, 0]
    assert not hasattr(first[0], "cases")


async def test_the_last_run_is_the_newest_before_it_that_came_to_a_result(runs, integration):
    await runs.finish(ended(made(integration, 0)))
    await runs.finish(ended(made(integration, 1), Outcome.FLAKY))
    await runs.finish(ended(made(integration, 2), Outcome.ERROR))
    await runs.begin(made(integration, 3))
    now = await runs.begin(made(integration, 4))
    before = await runs.last(integration.id, before=now.id)
    assert (before.started_at.minute, [case.name for case in before.cases]) == (1, ["a", "b"])
    assert await runs.last(integration.id, before=made(integration, 0).id) is None


async def test_tests_by_name_are_kept_of_the_newest_only(runs, integration, scalars):
    for minute in range(KEPT_CASES + 2):
        await runs.finish(ended(made(integration, minute)))
    assert await scalars("SELECT count(*) FROM test_runs WHERE cases IS NOT NULL") == [KEPT_CASES]
    assert (await runs.get(integration.id, made(integration, 1).id)).cases == []
    assert (await runs.get(integration.id, made(integration, 1).id)).counts.failed == 1


async def test_what_is_not_there_is_said(runs, integration):
    with pytest.raises(NotFound, match="no test run"):
        await runs.get(integration.id, ids.new("tst"))
    with pytest.raises(NotFound):
        await runs.begin(made(integration, integration_id=ids.new("int")))


async def test_what_serves_is_paged_by_id(db, runs, requested):
    integrations = SqlIntegrations(db)
    serving = []
    for number in range(3):
        cmd = requested(name=f"one-{number}")
        await integrations.accept(cmd, workflow_id="w", run_id="r")
        for stage in (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING, Stage.DEPLOYING, Stage.ACTIVE):
            await integrations.enter(cmd.integration_id, stage, key=stage, version="1.0.0", url="http://x/i")
        serving.append(cmd.integration_id)
    await integrations.accept(requested(name="not-yet"), workflow_id="w", run_id="r")
    first = await runs.living(after="", limit=2)
    rest = await runs.living(after=first[-1].id, limit=2)
    assert [one.id for one in [*first, *rest]] == sorted(serving)
    assert first[0].organization_id == ids.DEFAULT_ORGANIZATION
