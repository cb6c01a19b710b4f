"""What is found for a person to decide is decided by a person, even where reviews are automatic."""

from domain.lifecycle import Stage
from domain.review import Decision
from tests.workflows.world import World


async def test_an_automatic_review_waits_for_a_person_if_something_is_for_one(world: World) -> None:
    cmd = await world.request()
    await world.simulators.fault("osv", "error", times=None)
    try:
        async with world.workers():
            await world.runs.start_create(cmd)
            status = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
            assert status.waiting is not None
            assert "for a person to decide" in status.waiting.what
            assert status.pull_request is not None
            number = status.pull_request.number
            pulls = (await world.simulators.look("github", "state"))["pulls"]
            body = next(pull["body"] for pull in pulls if pull["number"] == number)
            assert "### For you to decide" in body
            assert "osv unknown" in body
            assert status.content_hash is not None
            approval = await world.review("grace", status.content_hash, Decision.APPROVE)
            await world.runs.submit_review(cmd.integration_id, approval)
            assert (await world.ended(cmd)).stage is Stage.ACTIVE
    finally:
        await world.simulators.reset_faults("osv")
