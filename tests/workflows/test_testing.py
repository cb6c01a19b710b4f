"""TestVersion and NightlyTests: what is found, kept, compared and told."""

import json
from datetime import UTC, datetime

import pytest

from adapters.database import SqlTestRuns
from adapters.temporal import TemporalTests
from domain import ids
from domain.errors import Conflict, NotFound
from domain.events import EventType
from domain.lifecycle import Stage
from domain.operations import DeployVersion, Environment
from domain.registry import Integration
from domain.runs import LIFECYCLE_QUEUE, Delivery
from domain.testing import (
    NIGHTLY_WORKFLOW,
    CaseOutcome,
    Commit,
    Comparison,
    NightlyOutcome,
    NightlyTests,
    Outcome,
    TestRun,
    TestRunDetail,
    TestVersion,
    Trigger,
)
from tests.workflows.tried import asked, copies, serving
from tests.workflows.world import REPOSITORY, Failing, World


@pytest.fixture(scope="module")
async def integration(world: World) -> Integration:
    """One for all tests here: testing changes nothing of it."""
    return await serving(world)


async def done(world: World, cmd: TestVersion, *broken: Failing, cached: int = 1000) -> TestRun:
    async with world.workers(*broken, cached=cached):
        return await TemporalTests(world.client).run(cmd)


async def kept(world: World, run: TestRun) -> TestRunDetail:
    return await SqlTestRuns(world.database).get(run.integration_id, run.id)


async def statuses(world: World, sha: str | None) -> list[tuple[str, str]]:
    """State and context, oldest first."""
    found = await world.github(f"commits/{sha}/statuses?per_page=100")
    return [(one["state"], one["context"]) for one in reversed(found)]


async def pushed(world: World, integration: Integration, text: str) -> str:
    """Somebody's commit on the default branch, with a file of tests more; its sha."""
    files = {f"integrations/{integration.name}/tests/test_more.py": text}
    made = await world.simulators.act("github", "push", user="lin", branch="main", files=files)
    return str(made["result"]["sha"])


def at(integration: Integration, sha: str) -> Commit:
    return Commit(repo=REPOSITORY, sha=sha, folder=f"integrations/{integration.name}")


async def test_a_good_version_passes_and_the_commit_is_told_once(world: World, integration: Integration) -> None:
    await world.simulators.fault("github", "lose_reply", method="POST", path="/statuses/", times=1)
    url = "https://ccb.example.com/tests/1"
    first = await done(world, asked(integration, target_url=url), cached=0)
    assert (first.outcome, first.error, first.untold, first.unsteady) == (Outcome.PASSED, "", "", [])
    assert first.counts.passed > 0
    assert await statuses(world, first.commit) == [("pending", "ccb/tests"), ("success", "ccb/tests")]
    newest = (await world.github(f"commits/{first.commit}/status"))["statuses"]
    assert [(one["target_url"], one["description"]) for one in newest] == [(url, first.description)]
    detail = await kept(world, first)
    assert [case.name for case in detail.cases if case.name.startswith("contract::")] == [
        "contract::namespaces.list (live)",
        "contract::namespaces.list (schema)",
    ]
    assert {case.outcome for case in detail.cases} == {CaseOutcome.PASSED}
    assert first.reports.tests is not None
    assert b"<testcase" in await world.artifacts.get(first.reports.tests)
    second = await done(world, asked(integration))
    assert second.comparison == Comparison(with_id=first.id)
    told = [event for event in await world.integrations.events(integration.id) if event.type is EventType.TESTED]
    assert [event.data["metadata"]["test_id"] for event in told] == [first.id, second.id]  # type: ignore[index, call-overload]
    now = await world.integrations.get(integration.id)
    assert (now.stage, now.version, now.url) == (integration.stage, integration.version, integration.url)


async def test_a_push_that_breaks_a_test_fails_and_says_which(world: World, integration: Integration) -> None:
    await done(world, asked(integration))
    sha = await pushed(world, integration, "def test_fails():\n    assert 1 == 2, 'one is not two'\n")
    path = f"integrations/{integration.name}/tests/test_more.py"
    body = {
        "ref": "refs/heads/main",
        "after": sha,
        "deleted": False,
        "commits": [{"id": sha, "added": [path], "modified": [], "removed": []}],
        "repository": {"full_name": REPOSITORY, "default_branch": "main"},
        "sender": {"login": "lin", "id": 7, "type": "User"},
    }
    stored = await world.artifacts.put(json.dumps(body).encode(), "application/octet-stream")
    delivery = Delivery(source="github", id=ids.new("del"), event="push", received_at=datetime.now(UTC), body=stored)
    async with world.workers():
        await world.runs.start_delivery(delivery)
        handle = world.client.get_workflow_handle(ids.delivery_workflow("github", delivery.id))
        assert (await handle.result())["action"] == "started"
        [begun, *_] = await SqlTestRuns(world.database).page(integration.id, limit=1)
        assert (begun.trigger, begun.commit, begun.requester.name) == (Trigger.PUSH, sha, "lin")
        run = await TemporalTests(world.client).run(asked(integration, id=begun.id))
    assert (run.outcome, run.counts.failed) == (Outcome.FAILED, 1)
    [case] = [case for case in run.unsteady if case.outcome is CaseOutcome.FAILED]
    assert case.name.endswith("test_more::test_fails")
    assert "one is not two" in case.message
    assert run.comparison is not None
    assert run.comparison.newly_failing == [case.name]
    assert await statuses(world, sha) == [("pending", "ccb/tests"), ("failure", "ccb/tests")]


async def test_what_passes_on_a_second_try_is_flaky_and_not_passed(world: World, integration: Integration) -> None:
    """Of 400 tests that fail by chance, some fail in a round, and seldom one in both: mostly it is flaky."""
    text = (
        'import secrets\n\nimport pytest\n\n\n@pytest.mark.parametrize("number", range(400))\n'
        "def test_luck(number: int) -> None:\n    assert secrets.randbelow(1000) > 14\n"
    )
    commit = at(integration, await pushed(world, integration, text))
    async with world.workers():
        for _ in range(5):
            run = await TemporalTests(world.client).run(asked(integration, commit=commit))
            if run.outcome is Outcome.FLAKY:
                break
    assert run.outcome is Outcome.FLAKY, (run.counts, run.blocking, run.unsteady, run.error)
    assert run.counts.failed == 0
    assert {case.outcome for case in run.unsteady} == {CaseOutcome.FLAKY}
    assert run.counts.flaky == len(run.unsteady)
    assert run.description.startswith("Flaky, passed only on a second try")
    assert (await statuses(world, commit.sha))[-1] == ("success", "ccb/tests")
    assert run.reports.tests is not None
    report = await world.artifacts.get(run.reports.tests)
    assert report.count(b"<flakyFailure") == run.counts.flaky


async def test_what_cannot_be_tested_is_an_error_and_not_pending_for_ever(
    world: World, integration: Integration
) -> None:
    run = await done(world, asked(integration), Failing("testing.units"), Failing("build.check"))
    assert run.outcome is Outcome.ERROR
    assert "testing.units is broken here" in run.error
    assert (await statuses(world, run.commit))[-1] == ("error", "ccb/tests")
    assert (await kept(world, run)).ended_at is not None


async def test_a_commit_that_cannot_be_told_is_named_and_fails_no_test(world: World, integration: Integration) -> None:
    run = await done(world, asked(integration), Failing("testing.set_status"))
    assert run.outcome is Outcome.PASSED
    assert (await kept(world, run)).untold == run.untold == "testing.set_status is broken here"


async def test_a_cancelled_run_is_told_as_an_error(world: World, integration: Integration) -> None:
    cmd = asked(integration)
    async with world.workers():
        begun = await TemporalTests(world.client).start(cmd)
        await world.client.get_workflow_handle(ids.test_workflow(cmd.integration_id, cmd.id)).cancel()
        with pytest.raises(Conflict, match="was stopped"):
            await TemporalTests(world.client).run(cmd)
    assert (await kept(world, begun)).outcome is Outcome.ERROR
    assert (await statuses(world, begun.commit))[-1] == ("error", "ccb/tests")


async def test_what_is_not_there_is_refused(world: World, integration: Integration) -> None:
    async with world.workers():
        with pytest.raises(NotFound, match=r"no version 9\.9\.9"):
            await TemporalTests(world.client).start(asked(integration, version="9.9.9"))
        with pytest.raises(NotFound):
            await TemporalTests(world.client).start(asked(integration, integration_id=ids.new("int")))


async def test_a_night_tests_what_serves_once_in_few_events(world: World, integration: Integration) -> None:
    serving = [integration.id, *await copies(world, integration, 2)]
    # Other tests' integrations came before.
    night = NightlyTests(after=integration.id[:-1], page=2, pages=1, at_once=2, night="2026-11-30")
    async with world.workers():
        for name in ("nightly-1", "nightly-2"):
            outcome: NightlyOutcome = await world.client.execute_workflow(
                NIGHTLY_WORKFLOW, night, id=name, task_queue=LIFECYCLE_QUEUE, result_type=NightlyOutcome
            )
            assert outcome == NightlyOutcome(night="2026-11-30", tested=3, failed=0)
    for one in serving:
        runs = await SqlTestRuns(world.database).page(one, limit=200)
        assert [run.outcome for run in runs if run.trigger is Trigger.NIGHTLY] == [Outcome.PASSED]
    history = await world.client.get_workflow_handle("nightly-1").fetch_history()
    assert len(history.events) <= 12


async def test_what_is_deployed_is_tested_before(world: World, integration: Integration) -> None:
    about = {name: getattr(integration, name) for name in ("organization_id", "requester", "repository", "version")}
    cmd = DeployVersion(integration_id=integration.id, environment=Environment.STAGING, **about)
    async with world.workers():
        await world.runs.start(cmd)
        outcome = await world.ended(cmd)
    assert (outcome.stage, outcome.failure) == (Stage.ACTIVE, None)
    (run, *_) = await SqlTestRuns(world.database).page(integration.id, limit=5)
    assert (run.trigger, run.outcome, run.version) == (Trigger.DEPLOYMENT, Outcome.PASSED, integration.version)
    test = world.client.get_workflow_handle(ids.test_workflow(integration.id, run.id))
    attributes = (await test.describe()).typed_search_attributes.search_attributes
    found = {pair.key.name: pair.value for pair in attributes}
    assert (found["IntegrationId"], found["Operation"]) == (integration.id, "test")
    assert found["OrganizationId"] == integration.organization_id
