"""What a turn says: in order, a few writes at a time, without credentials, and without a word in the turn's fate."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal

import pytest
from temporalio.testing import ActivityEnvironment

from activities.live import MAX_RESULT, MAX_TURN, Telling
from domain.conversation import (
    Answer,
    Conversation,
    Message,
    Spent,
    Text,
    TextPiece,
    ToolPiece,
    ToolResult,
    ToolUse,
    Usage,
)
from domain.errors import StorageUnavailable
from domain.live import LiveEntry

KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "TUlJRXBBSUJBQUtDQVFFQQ==\n" * 30 + "-----END RSA PRIVATE KEY-----"
TOKEN = "sk-ant-api03-" + "a1B2" * 20


class Kept:
    """A store in memory; `broken` it answers as a database that is away."""

    def __init__(self) -> None:
        self.entries: list[LiveEntry] = []
        self.writes = 0
        self.broken = False
        self.written = asyncio.Event()

    async def add(self, entries: Sequence[LiveEntry]) -> None:
        if self.broken:
            raise StorageUnavailable("away")
        self.writes += 1
        self.entries += entries
        self.written.set()

    async def after(self, run: str, position: int, *, limit: int = 500) -> list[LiveEntry]:
        return self.entries[position : position + limit]

    async def latest_turn(self, run: str) -> int:
        return 0

    def said(self, kind: str) -> list[str]:
        return [entry.text for entry in self.entries if entry.kind == kind]


def answer() -> Answer:
    usage = Usage(input_tokens=1, output_tokens=2)
    return Answer(message_id="m", model="x", content=[Text(text="x")], stop_reason="end_turn", usage=usage)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def tell(kept: Kept) -> Callable[[Callable[[Telling], Awaitable[None]]], Awaitable[list[object]]]:
    """Run a turn that tells something, as an activity; returns its heartbeats."""

    async def telling(turn: Callable[[Telling], Awaitable[None]]) -> list[object]:
        async def step() -> None:
            async with Telling(kept, "run", 3, attempt=2) as telling:
                await turn(telling)

        beats: list[object] = []
        environment = ActivityEnvironment()
        environment.on_heartbeat = lambda *details: beats.append(details[0])
        await environment.run(step)
        return beats

    return telling


async def test_a_turn_is_told_in_order_and_pieces_are_gathered(kept, tell):
    async def turn(telling: Telling) -> None:
        telling.piece(TextPiece(text="I "))
        telling.piece(TextPiece(text="write."))
        for _ in range(2):
            telling.piece(ToolPiece(name="write_file"))
            telling.piece(ToolPiece(name="write_file", json_text='{"path": '))
            telling.piece(ToolPiece(name="write_file", json_text='"a.py"}'))
        telling.ended(answer(), Decimal("0.5"), Spent(usd=Decimal("1.5")))

    await tell(turn)
    told = [(entry.kind, entry.name, entry.text) for entry in kept.entries]
    call = [("tool", "write_file", ""), ("tool", "write_file", '{"path": "a.py"}')]
    assert told == [("turn", "", ""), ("text", "", "I write."), *call, *call, ("end", "", "")]
    assert {(entry.run, entry.turn, entry.attempt) for entry in kept.entries} == {("run", 3, 2)}
    last = kept.entries[-1]
    assert (last.usd, last.spent, last.usage) == (Decimal("0.5"), Spent(usd=Decimal("1.5")), answer().usage)


async def test_it_is_written_while_the_turn_goes_on_and_the_heartbeat_says_how_far_it_is(kept, tell):
    async def turn(telling: Telling) -> None:
        telling.piece(TextPiece(text="some words "))
        telling.piece(ToolPiece(name="run_tests"))
        async with asyncio.timeout(5):
            while "run_tests" not in [entry.name for entry in kept.entries]:
                kept.written.clear()
                await kept.written.wait()
        for _ in range(500):
            telling.piece(ToolPiece(name="run_tests", json_text="word "))

    beats = await tell(turn)
    assert {"characters": 11, "tool": "run_tests"} in beats
    assert "".join(kept.said("tool")) == "word " * 500
    assert kept.writes <= 4


async def test_what_tools_answered_is_told_by_name_and_in_short(kept, tell):
    uses = [ToolUse(id="1", name="run_tests", input={}), ToolUse(id="2", name="read_file", input={})]
    results = [
        ToolResult(tool_use_id="1", content="x" * 1000),
        ToolResult(tool_use_id="2", content=f"token {TOKEN}", is_error=True),
    ]
    messages = [Message(role="assistant", content=uses), Message(role="user", content=results)]
    conversation = Conversation(purpose="generation", model="x", max_tokens=1, system=[], tools=[], messages=messages)

    async def turn(telling: Telling) -> None:
        telling.results(conversation)

    await tell(turn)
    told = [(entry.name, entry.text, entry.is_error) for entry in kept.entries if entry.kind == "result"]
    assert told == [("run_tests", "x" * MAX_RESULT, False), ("read_file", "token [redacted]", True)]


@pytest.mark.parametrize("secret", [TOKEN, KEY], ids=["token", "key"])
@pytest.mark.parametrize("size", [1, 7, 64])
async def test_a_credential_is_not_shown_however_it_is_cut(kept, tell, secret: str, size: int):
    text = f"It says:\n{secret}\nand no more."

    async def turn(telling: Telling) -> None:
        for start in range(0, len(text), size):
            telling.piece(TextPiece(text=text[start : start + size]))
            telling._say(telling._words.shown())  # as at each write, however soon one comes

    await tell(turn)
    assert "".join(kept.said("text")) == "It says:\n[redacted]\nand no more."


async def test_more_than_is_shown_of_a_turn_is_only_counted(kept, tell):
    async def turn(telling: Telling) -> None:
        for _ in range(30):
            telling.piece(TextPiece(text="word " * 2000))
        telling.ended(answer(), Decimal(0))

    await tell(turn)
    *shown, last = kept.said("text")
    assert len("".join(shown)) == MAX_TURN
    assert f"{300_000 - MAX_TURN} characters more" in last


async def test_a_store_that_is_away_costs_the_turn_nothing(kept, tell, caplog):
    kept.broken = True

    async def turn(telling: Telling) -> None:
        telling.piece(TextPiece(text="lost"))
        telling.ended(answer(), Decimal(0))

    await tell(turn)
    assert kept.entries == []
    assert "live entries lost" in caplog.text


async def test_a_turn_that_fails_has_told_what_it_said(kept, tell):
    async def turn(telling: Telling) -> None:
        telling.piece(TextPiece(text="so far"))
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        await tell(turn)
    assert kept.said("text") == ["so far"]


async def test_half_a_surrogate_pair_is_shown_as_what_it_is(kept, tell):
    async def turn(telling: Telling) -> None:
        telling.piece(TextPiece(text="a\ud800b"))

    await tell(turn)
    assert kept.said("text") == ["a?b"]
