"""Checks that fail outside: a version that waits for review is mended, one that serves updated; neither for ever."""

from typing import Any

from domain.lifecycle import Operation, Stage
from domain.people import Actor, Channel
from domain.review import ReviewPolicy
from domain.runs import Abandon, CreateIntegration, RunStatus
from tests.until import until
from tests.workflows.listening import Deliveries, apis, reviewer
from tests.workflows.world import World


async def another(world: World, cmd: CreateIntegration, before: RunStatus) -> RunStatus:
    """The run, once it asks for review of something else."""

    async def there() -> RunStatus | None:
        status = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        return status if status.content_hash != before.content_hash else None

    return await until(there)


async def failing(world: World, sha: str, **about: Any) -> list[str]:
    """The number of the check's delivery. That of its suite, which comes behind it, says nothing new."""
    told = await world.simulators.act("github", "checks", user="github-actions[bot]", sha=sha, **about)
    run, _suite = [one["id"] for one in told["deliveries"]]
    return [run]


def head(status: RunStatus) -> str:
    assert status.pull_request is not None
    return status.pull_request.head_sha


async def test_a_failing_check_is_mended_twice_and_then_people_decide(world: World) -> None:
    async with apis(world), world.workers():
        told, grace = Deliveries(world), await reviewer(world)
        cmd = await world.request(policy=ReviewPolicy())
        await world.runs.start_create(cmd)
        first = await world.reaches(cmd, Stage.REVIEWING, waiting=True)
        # Our own status says nothing new; nor does a check that went well.
        assert first.pull_request is not None
        await world.simulators.act(
            "github", "statuses", user="ada", sha=head(first), state="failure", context="ccb/tests"
        )
        await failing(world, head(first), conclusion="success")
        one = await failing(world, head(first), summary="Say units in the README.")
        assert (await told.of(*one))[0].startswith("reviewed")
        await failing(world, head(first), summary="And once more.")
        second = await another(world, cmd, first)
        (asked,) = second.reviews
        assert (asked.kind, asked.reviewer.name) == ("check", "a failing check")
        assert "Say units in the README." in asked.comment
        await failing(world, head(first))  # of the head before
        await failing(world, head(second), summary="Name the author in the README.")
        third = await another(world, cmd, second)
        last = await failing(world, head(third))
        assert all("now people decide" in one for one in await told.of(*last))
        assert len((await world.runs.status(cmd.integration_id)).reviews) == 2
        pull = third.pull_request
        assert pull is not None
        await world.simulators.act("github", "comments", user=grace, number=pull.number, body="/ccb approve")
        await world.simulators.act(
            "github", "comments", user=grace, number=pull.number, body=f"Fine.\n\n/ccb approve {head(third)[:9]}"
        )
        assert (await world.ended(cmd)).stage is Stage.ACTIVE
        await told.handled()
        answers = [one["body"] for one in await world.github(f"issues/{pull.number}/comments")]
        assert any("Say which commit you looked at" in one for one in answers)
        assert any("Approved." in one for one in answers)
        await serves_and_fails(world, cmd, told, third)


async def serves_and_fails(world: World, cmd: CreateIntegration, told: Deliveries, status: RunStatus) -> None:
    """What serves gets one update of a commit, and an update by a check leads to no other."""
    pull = status.pull_request
    assert pull is not None
    merged = (await world.github(f"pulls/{pull.number}"))["merge_commit_sha"]
    one = await failing(world, merged, summary="The deployment's smoke test failed.")
    assert (await told.of(*one))[0].startswith("started")
    await failing(world, merged)
    found = await world.integrations.get(cmd.integration_id)
    assert (found.operation, found.under_way, found.version) == (Operation.UPDATE, True, status.version)
    by = Actor(channel=Channel.CLI, name="operator")
    await world.runs.abandon(cmd.integration_id, Abandon(by=by, reason="test over"))
    await world.ended(cmd)
    again = [*await failing(world, merged), *await failing(world, merged)]
    assert all("not tried again" in one for one in await told.of(*again))
    assert not (await world.integrations.get(cmd.integration_id)).under_way
    answers = [one["body"] for one in await world.github(f"issues/{pull.number}/comments")]
    assert sum("not tried again" in one for one in answers) == 1
    pushed = await world.simulators.act(
        "github",
        "push",
        user="lin",
        branch=f"by-hand/{cmd.integration_id}",
        files={"NOTES.md": f"{cmd.integration_id}\n"},
    )
    other = await failing(world, pushed["result"]["sha"])
    assert all(one.startswith("ignored") for one in await told.of(*other))
