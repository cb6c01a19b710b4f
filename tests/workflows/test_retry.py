"""A run that failed is started again from where it failed: what is still valid is not done, or paid for, again."""

import pytest

from domain.conversation import Budget
from domain.errors import Conflict, ContentChanged, NameTaken
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.review import Decision, ReviewPolicy
from domain.runs import Abandon, CreateIntegration
from tests.workflows.keeping import kept as left_by
from tests.workflows.updating import active, update_of, updated
from tests.workflows.world import Failing, World

OPERATOR = Actor(channel=Channel.CLI, name="operator")


async def test_failed_at_deployment_and_retried(world: World) -> None:
    """The approval is kept, Claude is not asked again, and what was undone is there again, once."""
    cmd = await world.request(policy=ReviewPolicy())
    async with world.workers(Failing("deploy.await_healthy")):
        await world.runs.start_create(cmd)
        asked = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        await _approve(world, cmd, asked.content_hash)
        assert (await world.ended(cmd)).stage is Stage.FAILED
    undone = await world.outside(cmd)
    assert (undone.branches, undone.deployments, undone.registered, undone.files_on_main) == ([], [], False, [])
    kept = await left_by(world, cmd)
    assert (kept.checkpoint.stage, kept.checkpoint.begins) == (Stage.DEPLOYING, Stage.TESTING)
    bill = await world.simulators.look("claude", "billing")
    async with world.workers():
        await world.runs.retry(kept, by=OPERATOR, budget=Budget(turns=kept.work.budget.turns + 1))
        with pytest.raises(Conflict, match="under way"):
            await world.runs.retry(kept, by=OPERATOR)
        outcome = await world.ended(cmd)
        status = await world.runs.status(cmd.integration_id)
        with pytest.raises(Conflict, match="has to be failed"):
            await world.runs.retry(kept, by=OPERATOR)
    assert (outcome.stage, outcome.content_hash, outcome.failure) == (Stage.ACTIVE, asked.content_hash, None)
    assert [review.reviewer.name for review in status.reviews] == ["grace"]
    assert status.budget.turns == kept.work.budget.turns + 1
    assert status.spent == kept.checkpoint.spent
    assert await world.simulators.look("claude", "billing") == bill
    seen = await world.outside(cmd)
    assert len(seen.pulls) == len(undone.pulls) + 1
    assert sum(pull["merged_at"] is not None for pull in seen.pulls) >= 1
    assert (len(seen.branches), len(seen.bundles), len(seen.comments)) == (1, 1, 1)
    assert seen.deployments == [seen.live]
    assert seen.registered
    row = await world.integrations.get(cmd.integration_id)
    assert (row.stage, row.failure) == (Stage.ACTIVE, None)


@pytest.mark.slow
async def test_an_approval_of_what_was_there_before_a_push_does_not_come_along(world: World) -> None:
    cmd = await world.request(policy=ReviewPolicy())
    name = cmd.request.name or ""
    first = ""
    # The version is recorded anew for what was pushed, and that fails.
    failing = Failing("integration.record_version", only=lambda recorded: recorded.version.content_hash != first)
    async with world.workers():
        await world.runs.start_create(cmd)
        first = (await world.reaches(cmd, Stage.REVIEWING, waiting=True)).content_hash or ""
    async with world.workers(failing):
        pushed = {f"integrations/{name}/NOTES.md": "Written by Lin.\n"}
        await world.simulators.act("github", "push", user="lin", branch=f"ccb/{name}-1.0.0", files=pushed)
        await _approve(world, cmd, first)
        outcome = await world.ended(cmd)
    assert failing.times == 1
    assert outcome.stage is Stage.FAILED
    bill = await world.simulators.look("claude", "billing")
    async with world.workers():
        await world.runs.retry(await left_by(world, cmd), by=OPERATOR)
        again = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        assert (again.reviews, again.content_hash == first) == ([], False)
        with pytest.raises(ContentChanged):
            await _approve(world, cmd, first)
        await _approve(world, cmd, again.content_hash)
        assert (await world.ended(cmd)).stage is Stage.ACTIVE
    assert await world.simulators.look("claude", "billing") == bill
    assert f"integrations/{name}/NOTES.md" in (await world.outside(cmd)).files_on_main


async def test_a_conversation_that_broke_off_is_not_paid_again_and_the_name_has_to_be_free(world: World) -> None:
    cmd = await world.request("")
    generation = Failing("workspace.execute_tools", only=lambda cmd: cmd.purpose == "generation")
    async with world.workers(generation):
        await world.runs.start_create(cmd)
        assert (await world.ended(cmd)).stage is Stage.FAILED
    kept = await left_by(world, cmd)
    assert kept.checkpoint.begins is Stage.GENERATING
    spent = await world.books.spent(kept.checkpoint.account)
    assert spent.turns == kept.checkpoint.next_turn, "one turn of generation was bought, and its tools failed"

    other = await world.request(policy=ReviewPolicy())
    same = other.request.model_copy(update={"name": cmd.request.name})
    other = other.model_copy(update={"request": same})
    async with world.workers():
        await world.runs.start_create(other)
        with pytest.raises(NameTaken, match=str(cmd.request.name)):
            await world.runs.retry(kept, by=OPERATOR)
        row = await world.integrations.get(cmd.integration_id)
        assert (row.stage, row.run_id, row.failure is None) == (Stage.FAILED, kept.checkpoint.run_id, False)
        await world.runs.abandon(other.integration_id, Abandon(by=OPERATOR, reason="the name is needed"))
        await world.ended(other)

        bill = await world.simulators.look("claude", "billing")
        await world.runs.retry(kept, by=OPERATOR)
        outcome = await world.ended(cmd)
        status = await world.runs.status(cmd.integration_id)
    assert (outcome.stage, outcome.failure) == (Stage.ACTIVE, None)
    billed = (await world.simulators.look("claude", "billing"))["requests"] - bill["requests"]
    assert billed == status.spent.turns - spent.turns, "only turns that had not been bought"
    assert (await world.books.spent(kept.checkpoint.account)).turns == status.spent.turns


@pytest.mark.slow
async def test_an_update_that_failed_at_deployment_is_retried_while_the_old_version_serves(world: World) -> None:
    async with world.workers():
        made = await active(world)
        cmd = await update_of(world, made)
    async with world.workers(Failing("deploy.await_healthy")):
        assert (await updated(world, cmd)).stage is Stage.ACTIVE
    row = await world.integrations.get(cmd.integration_id)
    assert (row.version, row.failure is None) == ("1.0.0", False)
    bill = await world.simulators.look("claude", "billing")
    async with world.workers():
        await world.runs.retry(await left_by(world, cmd), by=OPERATOR)
        outcome = await world.ended(made)
    assert (outcome.stage, outcome.version, outcome.failure) == (Stage.ACTIVE, "1.1.0", None)
    assert await world.simulators.look("claude", "billing") == bill
    row = await world.integrations.get(cmd.integration_id)
    assert (row.version, row.failure) == ("1.1.0", None)


async def _approve(world: World, cmd: CreateIntegration, content_hash: str | None) -> None:
    assert content_hash is not None
    await world.runs.submit_review(cmd.integration_id, await world.review("grace", content_hash, Decision.APPROVE))
