"""UpdateIntegration: a new version in the place of the old one, or the old one as if nothing had been asked."""

import pytest

from domain.errors import Conflict
from domain.lifecycle import Operation, Stage
from domain.people import Actor, Channel
from domain.review import Decision, ReviewPolicy
from domain.runs import Abandon, CreateIntegration, DocumentSource
from tests.until import until
from tests.workflows.updating import Serving, active, update_of, updated
from tests.workflows.world import Failing, When, World

UNDOS = {
    "repository.push_branch": ["pull request", "branch"],
    "repository.merge": ["merge", "bundle", "version", "pull request", "branch"],
    "deploy.start": ["deployment", "merge", "bundle", "version", "pull request", "branch"],
    "deploy.await_healthy": ["deployment", "merge", "bundle", "version", "pull request", "branch"],
    "deploy.switch": ["route", "deployment", "merge", "bundle", "version", "pull request", "branch"],
    "integration.register": [
        "registry entry",
        "route",
        "deployment",
        "merge",
        "bundle",
        "version",
        "pull request",
        "branch",
    ],
}
"""What is undone when a step fails, in this order."""


@pytest.fixture(scope="module")
async def made(world: World) -> CreateIntegration:
    """An integration that serves; updates of it fail, so that it is the same for each test."""
    async with world.workers():
        return await active(world)


async def test_the_new_version_serves_in_place_of_the_old_one(world: World) -> None:
    async with world.workers():
        made = await active(world)
        before = await Serving.read(world, made)
        cmd = await update_of(world, made)
        outcome = await updated(world, cmd)
        assert (outcome.stage, outcome.failure, outcome.version) == (Stage.ACTIVE, None, "1.1.0")
        after = await Serving.read(world, made)
        assert after.deployments == [after.live]
        assert after.live != before.live
        assert after.answers[1] == ["/cities", "/cities/{city}", "/health"]
        assert after.entry is not None
        assert (after.entry.version, after.entry.deployment_id) == ("1.1.0", after.live)
        assert after.versions == ["1.0.0", "1.1.0"]
        assert after.row | {"version": "1.0.0"} == before.row
        assert after.main != before.main
        await _told(world, made, outcome.name or "", cmd.issue.number if cmd.issue else 0)
        # And once more, from there; nothing of the interface changes, and the document is read where it was.
        again = await update_of(world, made, "Set the timeout to 5 seconds.", document=None)
        outcome = await updated(world, again)
    assert (outcome.stage, outcome.failure, outcome.version) == (Stage.ACTIVE, None, "1.1.1")
    last = await Serving.read(world, made)
    assert last.deployments == [last.live]
    assert last.versions == ["1.0.0", "1.1.0", "1.1.1"]
    assert last.answers[1] == after.answers[1]
    changed = {path.rpartition("/")[2] for path in last.main if last.main[path] != after.main.get(path)}
    assert {"client.py", "integration.yaml", "README.md"} <= changed
    assert "models.py" not in changed


async def _told(world: World, made: CreateIntegration, name: str, issue: int) -> None:
    """The pull request says what is new; the channel and the issue are told once."""
    seen = await world.outside(made)
    pull = max(seen.pulls, key=lambda one: int(one["number"]))
    assert pull["merged_at"] is not None
    assert pull["title"] == f"Update integration {name} 1.1.0"
    assert "### 1.0.0 → 1.1.0" in pull["body"]
    assert "is new" in pull["body"]
    assert "| `integration.yaml` | changed | +" in pull["body"]
    messages = [str(one) for one in (await world.simulators.look("slack", "messages"))["messages"]]
    assert len([one for one in messages if f"{name} 1.1.0" in one]) == 1
    assert any(f"{name} 1.1.0 is active" in one for one in messages)
    comments = await world.github(f"issues/{issue}/comments")
    assert [("1.1.0" in one["body"], "**active**" in one["body"]) for one in comments] == [(True, True)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "when"), [*((step, "after") for step in UNDOS), ("repository.merge", "before"), ("deploy.start", "before")]
)
async def test_when_a_step_fails_the_old_version_serves_on(
    world: World, made: CreateIntegration, step: str, when: When
) -> None:
    before = await Serving.read(world, made)
    # To put the old entry back is a registration too.
    only = (lambda cmd: cmd.entry.version != "1.0.0") if step == "integration.register" else (lambda _: True)
    failing = Failing(step, when, only)
    cmd = await update_of(world, made)
    async with world.workers(failing):
        outcome = await updated(world, cmd)
    assert failing.times > 0, "the step was never taken"
    assert outcome.failure is not None
    assert [undo.step for undo in outcome.failure.undone] == UNDOS[step]
    assert all(undo.ok for undo in outcome.failure.undone), outcome.failure.undone
    assert await Serving.read(world, made) == before
    row = await world.integrations.get(made.integration_id)
    assert (row.stage, row.operation, row.version) == (Stage.ACTIVE, Operation.UPDATE, "1.0.0")
    assert f"{step} is broken here" in (row.failure or "")
    comments = await world.github(f"issues/{cmd.issue.number if cmd.issue else 0}/comments")
    assert len(comments) == 1
    assert "1.0.0 serves on, untouched" in comments[0]["body"]
    assert [pull["state"] for pull in (await world.outside(made)).pulls if not pull["merged_at"]].count("open") == 0


async def test_people_decide_and_only_one_run_at_a_time(world: World, made: CreateIntegration) -> None:
    """Words lead to another round; another update meanwhile is refused, the same one asked again is not."""
    before = await Serving.read(world, made)
    cmd = await update_of(world, made, policy=ReviewPolicy(), request_key="the-first")
    async with world.workers():
        first = await world.runs.start(cmd)
        status = await world.reaches(made, Stage.REVIEWING, waiting=True)
        with pytest.raises(Conflict) as refused:
            await world.runs.start(await update_of(world, made))
        assert refused.value.details["workflow_id"] == first.workflow_id
        assert await world.runs.start(cmd) == first
        words = await world.review("grace", status.content_hash or "", Decision.REQUEST_CHANGES, "Say units")
        await world.runs.submit_review(made.integration_id, words)

        async def other_content() -> bool | None:
            now = await world.reaches(made, Stage.REVIEWING, waiting=True)
            return True if now.content_hash != status.content_hash else None

        await until(other_content)
        assert (
            await Serving.read(world, made) != before
        )  # the version under review is recorded, and its branch is there
        by = Actor(channel=Channel.CLI, name="operator")
        await world.runs.abandon(made.integration_id, Abandon(by=by, reason="no longer needed"))
        outcome = await world.ended(cmd)
        with pytest.raises(Conflict) as refused:
            await world.runs.start(cmd)
        assert refused.value.details["run_id"] == first.run_id
    assert outcome.failure is not None
    assert outcome.failure.error.code == "abandoned"
    assert await Serving.read(world, made) == before


async def test_an_unreachable_document_is_replaced_by_the_stored_one(world: World) -> None:
    """What the version was built for is kept, so that an update does not depend on whether its address answers."""
    async with world.workers():
        made = await active(world)
        versions = await world.integrations.versions(made.integration_id)
        gone = DocumentSource(url="http://127.0.0.1:9/openapi.json")
        await world.integrations.record_version(versions[0].model_copy(update={"source": gone}), key="moved")
        outcome = await updated(world, await update_of(world, made, "Set the timeout to 5 seconds.", document=None))
        comments = await world.github(f"issues/{(await _issue(world, made))}/comments")
    assert (outcome.failure, outcome.version) == (None, "1.0.1")
    versions = await world.integrations.versions(made.integration_id)
    assert [one.source for one in versions] == [gone, gone]
    assert versions[0].document == versions[1].document
    assert comments


async def _issue(world: World, made: CreateIntegration) -> int:
    return made.issue.number if made.issue else 0
