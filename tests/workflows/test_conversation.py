"""A conversation survives what happens to it: each way in which a turn can go wrong costs time, never a turn twice."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.runs import CLAUDE_QUEUE
from tests.until import until
from tests.workflows.talking import (
    END,
    MESSAGES,
    OTHERS,
    begin,
    look,
    refuse,
    search,
    serving,
    text,
)
from tests.workflows.world import World

OVERLOADED = {"error": {"type": "overloaded_error"}}


@pytest.fixture(autouse=True)
async def clean(world: World) -> AsyncIterator[None]:
    yield
    await world.simulators.reset_faults("claude")
    await world.simulators.act("claude", "forget")


@pytest.fixture(scope="module")
async def workers(world: World) -> AsyncIterator[None]:
    """Claude's silence is cut soon here."""
    async with serving(world, *OTHERS, CLAUDE_QUEUE, CCB_CLAUDE_TIMEOUT="1.5", CCB_CLAUDE_ANSWER_TIMEOUT="4"):
        yield


ANSWERS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no tool call": ([{"content": [text("Hm.")]}], "Go on with the tools"),
    "too long, no call": ([{"content": [text("word " * 4000)]}], "cut off at the limit of its length"),
    "too long, half a call": (
        [{"content": [search(), search("x" * 20_000)]}],
        "GET /cities | listCities | List the cities Your answer was cut off",
    ),
    "input that breaks the schema": (
        [{"content": [{**search(), "input": {"limit": "many"}}]}],
        "The input of `search_operations` is not valid: limit",
    ),
    "input that is no JSON": ([{"content": [{**search(), "raw_input": "{oops"}]}], "not a JSON object"),
    "an unknown tool": ([{"content": [{**search(), "name": "shell"}]}], "There is no tool `shell`"),
    "cut after a whole call": (
        [{"content": [text("I look."), search(), search("x" * 400)], "drop_after_blocks": 2}],
        "GET /cities | listCities",
    ),
    "cut in a text": ([{"content": [text("word " * 200)], "drop_after_events": 8}], "was interrupted; go on"),
    "silent in a text": ([{"content": [text("word " * 200)], "stall_after_events": 8}], "was interrupted; go on"),
    "an error in a text": (
        [{"content": [text("word " * 200)], **OVERLOADED, "error_after_events": 8}],
        "was interrupted; go on",
    ),
}


@pytest.mark.parametrize("case", sorted(ANSWERS))
async def test_an_answer_that_is_not_as_it_should_be_is_told_so(world: World, workers: None, case: str) -> None:
    """It was paid for, so it is a turn: Claude reads what was wrong, and goes on with the next one."""
    answers, told = ANSWERS[case]
    talk = await begin(world, [*answers, END])
    conversed = await talk.ended()
    assert conversed.next_turn == 3
    assert told in await talk.told(1)
    assert len(await talk.asked()) == 2
    await talk.settled(2)


UNPAID: dict[str, list[dict[str, Any]]] = {
    "overloaded": [OVERLOADED, OVERLOADED],
    "a bug of theirs": [{"error": {"type": "api_error"}}],
    "asked to wait": [{"error": {"type": "rate_limit_error", "retry_after": 1}}],
    "overloaded for a while": [{"error": {"type": "overloaded_error", "retry_after": 1}}],
}


@pytest.mark.parametrize("case", sorted(UNPAID))
async def test_what_claude_cannot_do_now_costs_time_only(world: World, workers: None, case: str) -> None:
    talk = await begin(world, [*UNPAID[case], END])
    assert (await talk.ended()).next_turn == 2
    assert len(await talk.asked()) == len(UNPAID[case]) + 1
    await talk.settled(1)


CUT: dict[str, dict[str, Any]] = {
    "before any content": {"content": [text("word " * 200)], "drop_after_events": 1},
    "in its only call": {"content": [search("x" * 400)], "drop_after_blocks": 0},
    "by a silence at the beginning": {"content": [refuse()], "stall_after_events": 1},
    "by pings without end": {"content": [refuse()], "ping_after_events": 1},
}


@pytest.mark.parametrize("case", sorted(CUT))
async def test_a_stream_that_brought_nothing_is_taken_again(world: World, workers: None, case: str) -> None:
    """The same turn once more; what the cut one cost is in the books beside it."""
    talk = await begin(world, [CUT[case], END])
    conversed = await talk.ended()
    assert conversed.next_turn == 2
    assert conversed.spent.turns == 1
    assert len(await talk.asked()) == 2
    await talk.settled(2)


async def test_a_reply_that_never_comes_is_given_up(world: World, workers: None) -> None:
    """Nobody says whether it was billed: this is the one way in which a turn may be paid twice."""
    await world.simulators.fault("claude", "latency", path=MESSAGES, seconds=4)
    talk = await begin(world, [{"content": [refuse()]}, END])
    assert (await talk.ended()).next_turn == 2

    async def both_answered() -> bool | None:
        asked = await talk.asked()
        return True if len(asked) == 2 and all(entry.status == 200 for entry in asked) else None

    await until(both_answered)


async def test_a_connection_that_is_dropped_is_tried_again(world: World, workers: None) -> None:
    await world.simulators.fault("claude", "drop", path=MESSAGES)
    talk = await begin(world, [END])
    assert (await talk.ended()).next_turn == 2
    await talk.settled(1)


async def test_a_refusal_ends_it(world: World, workers: None) -> None:
    talk = await begin(world, [look(), {"content": [text("I will not.")], "stop_reason": "refusal"}])
    conversed = await talk.ended()
    assert conversed.ending.reason == "Claude declined to answer. I will not."
    await talk.settled(2)
