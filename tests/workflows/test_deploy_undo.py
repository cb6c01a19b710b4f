"""A step of a deployment fails, before or after it is done: all is as it was, and what served serves on.

One integration for all of it: each failure leaves it as it found it, or the next one sees.
"""

from datetime import timedelta
from typing import Any

import pytest

from domain.lifecycle import Stage
from domain.operations import Rollout
from domain.people import Actor, Channel
from domain.runs import Abandon
from domain.steps import Register
from tests.until import until
from tests.workflows.deployable import Deployable, two
from tests.workflows.world import Failing, World

BRIEF = Rollout(steps=[10], hold=timedelta(milliseconds=200))

UNDOS = {
    "version.load": None,
    "deploy.publish_bundle": [],
    "deploy.live": [],
    "deploy.start": ["deployment"],
    "deploy.await_healthy": ["deployment"],
    "deploy.split": ["route", "deployment"],
    "deploy.judge": ["route", "deployment"],
    "deploy.switch": ["route", "deployment"],
    "integration.register": ["registry entry", "route", "deployment"],
}
"""What is undone when a step fails, in this order; None where the run is refused."""


@pytest.fixture(scope="module")
async def it(world: World) -> Deployable:
    async with world.workers():
        return await two(world)


async def failed(it: Deployable, failing: Failing, version: str, undone: list[str] | None) -> None:
    before = await it.standing()
    async with it.world.workers(failing):
        cmd = it.deploy(version, rollout=BRIEF)
        if undone is None:
            with pytest.raises(Exception, match="is broken here"):
                await it.world.runs.start(cmd)
        else:
            await it.world.runs.start(cmd)
        outcome = await it.world.ended(cmd)
    assert failing.times > 0, "the step was never taken"
    assert outcome.failure is not None
    assert [undo.step for undo in outcome.failure.undone] == (undone or [])
    assert all(undo.ok for undo in outcome.failure.undone), outcome.failure.undone
    after = await it.standing()
    assert after | {"bundles": before["bundles"]} == before
    # A bundle belongs to its version, whether it is deployed or not.
    assert set(before["bundles"]) <= set(after["bundles"])
    assert [one.version for one in await it.deployments() if one.state == "serving"] == ["1.0.0"]
    assert not [one for one in await it.deployments() if one.state in {"starting", "replaced"}]


def of_the_new_one(cmd: Any) -> bool:
    """Registering what served before again is the undo, and goes well."""
    return not isinstance(cmd, Register) or cmd.entry.version == "1.1.0"


@pytest.mark.parametrize("step", UNDOS)
async def test_done_and_then_lost(it: Deployable, step: str) -> None:
    await failed(it, Failing(step, "after", of_the_new_one), "1.1.0", UNDOS[step])


@pytest.mark.parametrize("step", ["deploy.start", "deploy.split", "deploy.switch", "integration.register"])
async def test_never_done(it: Deployable, step: str) -> None:
    await failed(it, Failing(step, "before", of_the_new_one), "1.1.0", UNDOS[step])


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
async def test_entering_the_end_fails_and_all_is_undone(it: Deployable, version: str) -> None:
    """Also where the new one is of the version that serves: it is beside it, so undoing it stops nothing else."""

    def last(cmd: Any) -> bool:
        return cmd.stage is Stage.ACTIVE and not cmd.returning

    await failed(it, Failing("integration.enter", only=last), version, UNDOS["integration.register"])


async def test_abandoned_while_it_is_watched_it_goes_back(it: Deployable) -> None:
    before = await it.standing()
    async with it.world.workers():
        cmd = it.deploy("1.1.0", rollout=Rollout(steps=[50], hold=timedelta(days=1)))
        await it.world.runs.start(cmd)

        async def watched() -> bool | None:
            return True if (await it.world.runs.status(cmd.integration_id)).waiting else None

        await until(watched)
        by = Actor(channel=Channel.CLI, name="operator")
        await it.world.runs.abandon(cmd.integration_id, Abandon(by=by, reason="not today"))
        outcome = await it.world.ended(cmd)
    assert (outcome.stage, outcome.failure.error.code) == (Stage.ACTIVE, "abandoned")
    assert [undo.step for undo in outcome.failure.undone] == ["route", "deployment"]
    after = await it.standing()
    assert after | {"bundles": before["bundles"]} == before


async def test_what_cannot_be_stopped_any_more_is_named(it: Deployable) -> None:
    world, old = it.world, await it.world.target.live(it.name)
    async with world.workers(Failing("deploy.stop", only=lambda cmd: cmd.id == old)):
        outcome = await it.deployed("1.1.0", rollout=BRIEF)
        status = await world.runs.status(it.integration.id)
    assert (outcome.stage, outcome.failure) == (Stage.ACTIVE, None)
    assert [undone.step for undone in status.untold] == [f"deployment {old}, which served before"]
    assert {("1.0.0", "production", "replaced"), ("1.1.0", "production", "serving")} <= await it.states()
