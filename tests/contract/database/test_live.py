"""What is said live: in order, from where a reader was, and soon forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from adapters.database import SqlLive
from adapters.database.live import KEPT, KEPT_TURNS
from domain.conversation import Usage
from domain.live import LiveEntry

RUN = "integration/int_1/run-1"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def live(db):
    return SqlLive(db)


def said(text: str, *, run: str = RUN, turn: int = 1, kind: str = "text", at: datetime = NOW) -> LiveEntry:
    return LiveEntry.model_validate({"run": run, "turn": turn, "kind": kind, "text": text, "at": at})


async def texts(live: SqlLive, run: str = RUN, position: int = 0) -> list[str]:
    return [entry.text for entry in await live.after(run, position)]


async def test_what_was_said_is_read_in_order_and_each_run_by_itself(live):
    await live.add([said("a"), said("b")])
    await live.add([said("elsewhere", run="another/run")])
    await live.add([said("c")])
    assert await texts(live) == ["a", "b", "c"]
    assert await texts(live, "another/run") == ["elsewhere"]
    assert await texts(live, "nobody") == []


async def test_a_reader_goes_on_from_where_it_was(live):
    await live.add([said(str(number)) for number in range(10)])
    first = await live.after(RUN, 0, limit=4)
    rest = await live.after(RUN, first[-1].position)
    assert [entry.text for entry in [*first, *rest]] == [str(number) for number in range(10)]
    positions = [entry.position for entry in [*first, *rest]]
    assert positions == sorted(set(positions))
    assert await live.after(RUN, positions[-1]) == []


async def test_an_entry_comes_back_as_it_was(live):
    entry = LiveEntry(
        run=RUN,
        turn=3,
        attempt=2,
        kind="end",
        name="write_file",
        text="ü\x00\u202e",
        is_error=True,
        stop_reason="tool_use",
        usage=Usage(input_tokens=5, output_tokens=7, cache_read_input_tokens=1),
        usd=Decimal("0.0123"),
        at=NOW,
    )
    await live.add([entry])
    [found] = await live.after(RUN, 0)
    assert found.model_copy(update={"position": 0}) == entry


async def test_the_newest_turn_is_found_however_often_it_began(live):
    assert await live.latest_turn(RUN) == 0
    for turn in (1, 2, 2):
        await live.add([said("begins", turn=turn, kind="turn"), said(f"in {turn}", turn=turn)])
    await live.add([said("elsewhere", run="another/run", turn=9)])
    assert await texts(live, position=await live.latest_turn(RUN)) == ["begins", "in 2", "begins", "in 2"]


async def test_nothing_to_say_writes_nothing(live, scalars):
    await live.add([])
    assert await scalars("SELECT count(*) FROM live") == [0]


async def test_when_a_turn_begins_the_oldest_turns_go(live):
    for turn in range(KEPT_TURNS + 2):
        await live.add([said("begins", turn=turn, kind="turn"), said(f"in {turn}", turn=turn)])
    await live.add([said("of another", run="another/run", turn=1)])
    kept = await texts(live)
    assert [text for text in kept if text.startswith("in")] == [f"in {turn}" for turn in range(2, KEPT_TURNS + 2)]
    assert await texts(live, "another/run") == ["of another"]


async def test_what_was_said_a_day_ago_goes_whosever_turn_begins(live):
    await live.add([said("old", run="an/old-run", at=NOW - KEPT - timedelta(seconds=1))])
    await live.add([said("younger", run="an/old-run", at=NOW - KEPT + timedelta(seconds=1))])
    await live.add([said("begins", kind="turn")])
    assert await texts(live, "an/old-run") == ["younger"]


async def test_a_position_is_not_given_again_after_pruning(live):
    await live.add([said("old", at=NOW - KEPT - timedelta(days=1))])
    [old] = await live.after(RUN, 0)
    await live.add([said("begins", kind="turn")])
    assert [entry.text for entry in await live.after(RUN, old.position)] == ["begins"]
    assert (await live.after(RUN, 0))[0].position > old.position


async def test_a_reader_passes_nothing_by_while_two_attempts_write(live, other_db):
    """Positions of one run become visible in their order, whoever commits first."""
    other = SqlLive(other_db)
    seen: list[LiveEntry] = []

    async def write(store: SqlLive, name: str) -> None:
        for number in range(15):
            await store.add([said(f"{name}{number}.{part}") for part in range(3)])

    async def read() -> None:
        while len(seen) < 90:
            seen.extend(await live.after(RUN, seen[-1].position if seen else 0))

    async with asyncio.timeout(60):
        await asyncio.gather(write(live, "a"), write(other, "b"), read())
    assert [entry.position for entry in seen] == [entry.position for entry in await live.after(RUN, 0)]
    for name in "ab":
        mine = [entry.text for entry in seen if entry.text.startswith(name)]
        assert mine == [f"{name}{number}.{part}" for number in range(15) for part in range(3)]
