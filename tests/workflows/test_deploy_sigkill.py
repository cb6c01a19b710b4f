"""The worker of the queue `deploy` is killed at a step: another goes on, and the outside shows one deployment."""

from pathlib import Path

import pytest

from domain.lifecycle import Stage
from domain.runs import DEPLOY_QUEUE
from tests.workflows.deployable import BROKEN, loaded, two
from tests.workflows.killing import killed, others
from tests.workflows.talking import serving
from tests.workflows.world import World

OTHERS = others(DEPLOY_QUEUE)


@pytest.mark.parametrize(
    ("step", "when"), [("deploy.start", "after"), ("deploy.switch", "before"), ("deploy.switch", "after")]
)
async def test_it_goes_on_where_it_was(world: World, tmp_path: Path, step: str, when: str) -> None:
    async with world.workers():
        it = await two(world)
    cmd = it.deploy("1.1.0")
    async with serving(world, *OTHERS), loaded(it.url()) as load:
        await world.runs.start(cmd)
        await killed(world, DEPLOY_QUEUE, step, when, tmp_path / "log")
        async with serving(world, DEPLOY_QUEUE):
            outcome = await world.ended(cmd)
    assert (outcome.stage, outcome.version) == (Stage.ACTIVE, "1.1.0")
    assert load.failed == []
    assert await it.running() == ["1.1.0"]
    assert await it.states() == {("1.0.0", "production", "stopped"), ("1.1.0", "production", "serving")}


async def test_killed_while_it_undoes_all_is_undone(world: World, tmp_path: Path) -> None:
    async with world.workers():
        it = await two(world, body=BROKEN)
    before, cmd = await it.standing(), it.deploy("1.1.0")
    async with serving(world, *OTHERS), loaded(it.url()):
        await world.runs.start(cmd)
        await killed(world, DEPLOY_QUEUE, "deploy.restore_route", "after", tmp_path / "log")
        async with serving(world, DEPLOY_QUEUE):
            outcome = await world.ended(cmd)
    assert [undo.step for undo in outcome.failure.undone if undo.ok] == ["route", "deployment"]
    after = await it.standing()
    assert after | {"bundles": before["bundles"]} == before
