"""Step k fails: what was done before it is undone, in reverse, and the outside world shows it.

A step fails either before it did anything, or after it was done and its answer lost: an undo must be right for both.
"""

import pytest

from domain.lifecycle import Stage
from tests.workflows.world import Failing, When, World

UNDOS = {
    "repository.push_branch": ["pull request", "branch"],
    "repository.open_pull_request": ["pull request", "branch"],
    "integration.record_version": ["version", "pull request", "branch"],
    "chat.post": ["version", "pull request", "branch"],
    "deploy.publish_bundle": ["bundle", "version", "pull request", "branch"],
    "repository.merge": ["merge", "bundle", "version", "pull request", "branch"],
    "deploy.start": ["deployment", "merge", "bundle", "version", "pull request", "branch"],
    "deploy.await_healthy": ["deployment", "merge", "bundle", "version", "pull request", "branch"],
    "deploy.live": ["deployment", "merge", "bundle", "version", "pull request", "branch"],
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

NOTHING_YET = (
    "conversation.begin_analysis",
    "claude.turn",
    "workspace.execute_tools",
    "integration.claim_name",
    "conversation.begin_generation",
    "build.check",
    "build.test",
    "workspace.seal",
)
"""Steps before anything is made outside."""


async def _fail(world: World, failing: Failing) -> None:
    before = await _refs(world)
    cmd = await world.request()
    since = await world.simulators.last("github")
    async with world.workers(failing):
        await world.runs.start_create(cmd)
        outcome = await world.ended(cmd)
    assert failing.times > 0, "the step was never taken"
    assert outcome.failure is not None
    assert outcome.failure.error.code == "vendor_rejected"
    assert [undo.step for undo in outcome.failure.undone] == UNDOS.get(failing.step, [])
    assert all(undo.ok for undo in outcome.failure.undone), outcome.failure.undone
    seen = await world.outside(cmd)
    assert (seen.branches, seen.files_on_main, seen.bundles, seen.versions) == ([], [], [], [])
    assert (seen.deployments, seen.live, seen.registered) == ([], None, False)
    assert [pull["state"] for pull in seen.pulls] == ["closed"] * len(seen.pulls)
    assert await _refs(world) == before
    assert (await world.integrations.get(cmd.integration_id)).stage is Stage.FAILED
    assert len(seen.comments) == 1
    assert f"{failing.step} is broken here" in seen.comments[0]
    assert all("Approve" not in str(message) for message in seen.messages)
    assert await _received(world, since) == _expected(failing)


def _expected(failing: Failing) -> list[str]:
    """A merge that was done is reverted and leaves nothing to close; a branch that was never pushed, nothing at all."""
    undone = UNDOS.get(failing.step, [])
    merged = "merge" in undone and (failing.step, failing.when) != ("repository.merge", "before")
    opened = "pull request" in undone and failing.step != "repository.push_branch"
    calls = ["move main back"] if merged else ["close the pull request"] if opened else []
    return [*calls, "delete the branch"] if "branch" in undone else calls


async def _refs(world: World) -> list[str]:
    return sorted((await world.simulators.look("github", "state"))["refs"])


async def _received(world: World, since: int) -> list[str]:
    """The undoing calls that GitHub received, in their order."""
    calls = []
    for entry in await world.simulators.journal("github", since=since):
        if entry.method == "DELETE" and "/git/refs/heads/ccb/" in entry.path:
            calls.append("delete the branch")
        elif entry.method == "PATCH" and "/pulls/" in entry.path and "closed" in entry.body:
            calls.append("close the pull request")
        elif entry.method == "PATCH" and entry.path.endswith("/git/refs/heads/main"):
            calls.append("move main back")
    return calls


@pytest.mark.slow
@pytest.mark.parametrize("step", UNDOS)
async def test_done_and_then_lost(world: World, step: str) -> None:
    await _fail(world, Failing(step, "after"))


@pytest.mark.slow
@pytest.mark.parametrize("step", ["repository.merge", "deploy.start", "deploy.switch"])
async def test_never_done(world: World, step: str) -> None:
    await _fail(world, Failing(step, "before"))


@pytest.mark.parametrize("step", NOTHING_YET)
async def test_nothing_to_undo(world: World, step: str) -> None:
    when: When = "after"
    await _fail(world, Failing(step, when))


@pytest.mark.slow
async def test_entering_active_fails_and_all_is_undone(world: World) -> None:
    cmd = await world.request()
    failing = Failing("integration.enter", "before", only=lambda entered: entered.stage is Stage.ACTIVE)
    async with world.workers(failing):
        await world.runs.start_create(cmd)
        outcome = await world.ended(cmd)
    assert outcome.failure is not None
    assert [undo.step for undo in outcome.failure.undone] == UNDOS["integration.register"]
    seen = await world.outside(cmd)
    assert (seen.deployments, seen.live, seen.registered, seen.files_on_main) == ([], None, False, [])


@pytest.mark.slow
async def test_what_cannot_be_undone_is_named(world: World) -> None:
    """The undo of the merge fails for good; the others are done all the same, and people are told which was not."""
    cmd = await world.request()
    async with world.workers(Failing("deploy.await_healthy"), Failing("repository.revert")):
        await world.runs.start_create(cmd)
        outcome = await world.ended(cmd)
    assert outcome.failure is not None
    assert [undo.step for undo in outcome.failure.undone if not undo.ok] == ["merge"]
    seen = await world.outside(cmd)
    assert (seen.branches, seen.deployments, seen.versions) == ([], [], [])
    assert seen.files_on_main
    assert "Could not be undone**: merge" in seen.comments[0]


@pytest.mark.slow
async def test_telling_people_fails_and_nothing_is_undone(world: World) -> None:
    cmd = await world.request()
    async with world.workers(Failing("chat.update")):
        await world.runs.start_create(cmd)
        outcome = await world.ended(cmd)
        status = await world.runs.status(cmd.integration_id)
    assert (outcome.stage, outcome.failure) == (Stage.ACTIVE, None)
    assert [told.step for told in status.untold] == ["message to the channel"]
    assert (await world.outside(cmd)).deployments
