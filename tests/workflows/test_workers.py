"""Conversations that move from worker to worker, and workers that wait together."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from domain.runs import CLAUDE_QUEUE
from tests.until import until
from tests.workflows.killing import killed
from tests.workflows.talking import END, OTHERS, Talk, begin, database, look, serving
from tests.workflows.world import World


async def test_a_wait_that_one_worker_is_told_of_holds_for_the_others(world: World) -> None:
    """Another worker, with a conversation of its own, does not ask before the time is over."""
    patience = 3
    async with serving(world, *OTHERS):
        async with serving(world, CLAUDE_QUEUE):
            first = await begin(world, [{"error": {"type": "rate_limit_error", "retry_after": patience}}, END])

            async def refused() -> float | None:
                return next((entry.time for entry in await first.asked() if entry.status == 429), None)

            told_at = await until(refused)
        async with serving(world, CLAUDE_QUEUE):
            second = await begin(world, [END])
            await second.ended()
            await first.ended()
        asked = [*(await first.asked())[1:], *await second.asked()]
        assert len(asked) == 2
        assert all(entry.time >= told_at + patience for entry in asked)
        counts = await world.simulators.journal("claude", since=first.since, path="count_tokens")
        assert all(entry.time >= told_at + patience for entry in counts if entry.time > told_at)


async def test_a_worker_killed_once_its_turn_is_recorded_has_bought_it(world: World, tmp_path: Path) -> None:
    async with serving(world, *OTHERS):
        talk = await begin(world, [look(), END])
        await killed(world, CLAUDE_QUEUE, "claude.turn", "after", tmp_path / "log")
        await talk.recorded(1)
        assert len(await talk.asked()) == 1
        async with serving(world, CLAUDE_QUEUE):
            conversed = await talk.ended()
    assert conversed.next_turn == 3
    assert len(await talk.asked()) == 2
    await talk.settled(2)


async def test_a_run_stopped_at_any_turn_goes_on_on_another_worker(world: World) -> None:
    """All workers go after each turn, and those that come keep nothing in memory."""
    turns = 4
    talk = await begin(world, [*(look() for _ in range(turns - 1)), END])
    for turn in range(1, turns):
        async with serving(world, *OTHERS, CLAUDE_QUEUE, cached=0):
            await talk.recorded(turn)
    async with serving(world, *OTHERS, CLAUDE_QUEUE, cached=0):
        assert (await talk.ended()).next_turn == turns + 1
    assert len(await talk.asked()) == turns
    await talk.settled(turns)


async def test_nothing_left_for_one_worker_is_nothing_left_for_the_others(world: World) -> None:
    """The answer itself says so, in its headers: whoever asks next waits, and is not refused first."""
    reset = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    spent = {"anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": reset.isoformat()}
    async with serving(world, *OTHERS):
        async with serving(world, CLAUDE_QUEUE):
            first = await begin(world, [END | {"headers": spent}])
            await first.ended()
        async with serving(world, CLAUDE_QUEUE):
            second = await begin(world, [END])
            await second.ended()
    (asked,) = await second.asked()
    assert asked.time >= reset.timestamp()
    assert [entry.status for entry in [*await first.asked(), asked]] == [200, 200]


async def test_a_turn_that_cannot_be_recorded_yet_is_not_bought_again(world: World) -> None:
    """The database is away while the answer comes, and for some tries after it."""
    async with serving(world, *OTHERS, CLAUDE_QUEUE, CCB_DATABASE_BUSY_TIMEOUT="0.2"):
        talk = await begin(world, [look() | {"pause_seconds": 0.1}, END])

        async def reserved() -> bool | None:
            return True if await talk.asked() else None

        await until(reserved)
        async with database(world) as db, db.write():
            await until(partial(over, world, talk.before["output_tokens"] + 2))
            with pytest.raises(TimeoutError):
                await until(partial(moved_on, talk), within=1.5)
        assert (await talk.ended()).next_turn == 3
    assert len(await talk.asked()) == 2
    await talk.settled(2)


async def over(world: World, tokens: int) -> bool | None:
    """Claude has said all it had to say."""
    return True if (await world.simulators.look("claude", "billing"))["output_tokens"] >= tokens else None


async def moved_on(talk: Talk) -> bool | None:
    return True if len(await talk.asked()) > 1 else None
