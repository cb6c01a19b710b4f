"""The supervisor's mechanics, with real processes."""

import asyncio
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from cli.stack import NotReady, Part, PartState, Stack, StackError
from cli.stack.child import LOG_LIMIT
from tests.unit.cli.conftest import Events, alive, gone, group_of

StackOf = Callable[..., Stack]
Make = Callable[..., Part]


async def test_parts_start_after_what_they_need_and_answer(
    stack_of: StackOf, server: Make, script: Make, events: Events
) -> None:
    parts = [
        server("api", after=("database", "temporal")),
        server("temporal", "late"),
        script("database", "import time; time.sleep(0.2)", once=True),
    ]
    async with stack_of(*parts) as stack:
        started = events.of("api", PartState.STARTING)[0].seconds
        assert started >= events.of("temporal", PartState.READY)[0].seconds
        assert started >= events.of("database", PartState.DONE)[0].seconds
        # The two that need nothing began together.
        assert (
            abs(
                events.of("temporal", PartState.STARTING)[0].seconds
                - events.of("database", PartState.STARTING)[0].seconds
            )
            < 0.1
        )
        for part in parts[:2]:
            assert part.url is not None
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(part.url)
            assert int(answer.text) == events.of(part.name, PartState.READY)[0].pid
        assert {name: event.state for name, event in stack.states.items()} == {
            "api": PartState.READY, "temporal": PartState.READY, "database": PartState.DONE,
        }  # fmt: skip


async def test_prepare_runs_before_ready_and_is_repeated_until_it_succeeds(
    stack_of: StackOf, server: Make, events: Events
) -> None:
    calls: list[int] = []

    async def prepare() -> None:
        calls.append(len(events.of("a", PartState.READY)))
        if len(calls) < 3:
            raise NotReady("not yet")

    part = server("a")
    async with stack_of(Part(**{**part.__dict__, "prepare": prepare})):
        assert calls == [0, 0, 0]
        (ready,) = events.of("a", PartState.READY)
        os.kill(ready.pid or 0, signal.SIGKILL)
        await events.nth("a", PartState.READY, 2)
        assert calls == [0, 0, 0, 1]


async def test_a_part_that_dies_comes_back_and_the_others_keep_going(
    stack_of: StackOf, server: Make, events: Events
) -> None:
    async with stack_of(server("a"), server("b")):
        first, other = events.of("a", PartState.READY)[0], events.of("b", PartState.READY)[0]
        assert first.pid
        assert other.pid
        os.kill(first.pid, signal.SIGKILL)
        died = await events.nth("a", PartState.DIED)
        assert died.detail == "SIGKILL"
        again = await events.nth("a", PartState.READY, 2)
        assert again.restarts == 1
        assert again.pid not in {None, first.pid}
        assert alive(other.pid)
        assert not events.of("b", PartState.DIED)


async def test_backoff_doubles(stack_of: StackOf, script: Make, events: Events) -> None:
    async with stack_of(script("a", "raise SystemExit(7)")):
        died = [await events.nth("a", PartState.DIED, n) for n in (1, 2, 3, 4)]
        started = [await events.nth("a", PartState.STARTING, n) for n in (2, 3, 4)]
    waits = [start.seconds - death.seconds for death, start in zip(died, started, strict=False)]
    assert [event.detail for event in died] == ["exit code 7"] * 4
    assert [event.restarts for event in died] == [1, 2, 3, 4]
    for wait, expected in zip(waits, (0.2, 0.4, 0.8), strict=True):
        assert expected <= wait < expected + 0.3


async def test_what_cannot_start_ends_the_start_with_its_last_words(
    stack_of: StackOf, server: Make, script: Make, events: Events
) -> None:
    bad = script("bad", "import sys; print('CCB_CLAUDE_API_KEY is missing', file=sys.stderr); sys.exit(2)", once=True)
    with pytest.raises(
        StackError, match=r"bad ended 3 times while starting \(exit code 2\): .*CCB_CLAUDE_API_KEY is missing"
    ):
        async with stack_of(server("good"), bad):
            pytest.fail("it must not come up")
    good = events.of("good", PartState.READY)[0]
    assert not alive(good.pid or 0)


async def test_what_is_never_ready_ends_the_start_with_what_is_missing(
    stack_of: StackOf, server: Make, events: Events
) -> None:
    async def never(_: float) -> None:
        raise NotReady("the moon is not full")

    mute = Part(**{**server("mute").__dict__, "ready": never})
    with pytest.raises(StackError, match=r"Not ready after 0\.5 s: mute: the moon is not full \(logs: .*logs\)"):
        async with stack_of(mute, server("next", after=("mute",)), start_timeout=0.5):
            pytest.fail("it must not come up")
    assert not events.of("next", PartState.STARTING)


async def test_a_command_that_does_not_exist_is_reported(stack_of: StackOf) -> None:
    part = Part(name="gone", command=["/no/such/binary"], environment=dict(os.environ), once=True)
    with pytest.raises(StackError, match=r"gone ended 3 times while starting"):
        async with stack_of(part):
            pytest.fail("it must not come up")


async def test_a_bug_in_a_probe_is_not_hidden(stack_of: StackOf, server: Make) -> None:
    async def broken(_: float) -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        async with stack_of(Part(**{**server("a").__dict__, "ready": broken})):
            pytest.fail("it must not come up")


async def test_stopping_leaves_nothing_in_reverse_order(
    stack_of: StackOf, server: Make, events: Events, tmp_path: Path
) -> None:
    parts = [
        server("stubborn", "stubborn", grace=0.3),
        server("parent", "parent"),
        server("top", after=("stubborn", "parent")),
    ]
    async with stack_of(*parts):
        leaders = [events.of(part.name, PartState.READY)[0].pid or 0 for part in parts]
        everyone = [pid for leader in leaders for pid in group_of(leader)]
        assert len(everyone) == 4
    assert not [pid for pid in everyone if alive(pid)]
    stopped = [event.part for event in events.all if event.state is PartState.STOPPED]
    assert stopped[0] == "top"
    assert events.of("stubborn", PartState.STOPPING)[0].seconds >= events.of("top", PartState.STOPPED)[0].seconds
    assert not (tmp_path / "stack.json").exists()


async def test_a_part_that_dies_takes_its_group_along(stack_of: StackOf, server: Make, events: Events) -> None:
    async with stack_of(server("parent", "parent")):
        first = events.of("parent", PartState.READY)[0].pid or 0
        members = group_of(first)
        assert len(members) == 2
        os.kill(first, signal.SIGKILL)
        await events.nth("parent", PartState.READY, 2)
        await gone(*members)


async def test_an_end_while_starting_leaves_nothing(stack_of: StackOf, server: Make, events: Events) -> None:
    async def enter() -> None:
        async with stack_of(server("quick"), server("slow", "late"), server("never", after=("slow",))):
            pytest.fail("it was to be cancelled")

    entering = asyncio.create_task(enter())
    quick = await events.nth("quick", PartState.READY)
    slow = await events.nth("slow", PartState.STARTING)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert not alive(quick.pid or 0)
    assert slow.state is PartState.STARTING
    assert not events.of("never", PartState.STARTING)


async def test_logs_are_kept_private_and_set_aside_when_large(stack_of: StackOf, script: Make, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "a.log"
    async with stack_of(script("a", "print('hello')", once=True)):
        assert log.read_text() == "hello\n"
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
    with log.open("ab") as file:
        file.truncate(LOG_LIMIT + 1)
    async with stack_of(script("a", "print('again')", once=True)):
        assert log.read_text() == "again\n"
        assert log.with_name("a.log.1").stat().st_size == LOG_LIMIT + 1
