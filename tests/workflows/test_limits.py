"""At a limit a run pauses, says so, and goes on from the same turn; nothing is bought twice or beyond the limit."""

import asyncio
import dataclasses
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from adapters.database import SqlBooks, SqlLimits
from adapters.temporal import TemporalSettings, connect
from domain import ids
from domain.conversation import Budget, LimitName
from domain.errors import StorageUnavailable
from domain.people import Actor, Channel
from domain.runs import CLAUDE_QUEUE, Abandon, RaiseBudget, RunStatus
from tests.servers import folder, free_ports, process, ready
from tests.until import until
from tests.workflows.talking import END, OTHERS, Talk, begin, database, look, serving
from tests.workflows.world import World

OPERATOR = Actor(channel=Channel.CLI, name="operator")
ENOUGH = Decimal(1000)


@pytest.fixture(scope="module")
async def workers(world: World) -> AsyncIterator[None]:
    async with serving(world, *OTHERS, "deploy", CLAUDE_QUEUE):
        yield


@pytest.fixture
async def limits(world: World) -> AsyncIterator[SqlLimits]:
    async with database(world) as db:
        limits = SqlLimits(db)
        yield limits
        await limits.set({"organization_month_usd": None, "day_usd": None}, by=OPERATOR)
    await world.simulators.act("claude", "forget")


async def goes_on(talk: Talk) -> None:
    """To its end, with the turn it stood at; what was asked before it waited is not asked again."""
    conversed = await talk.ended()
    assert conversed.next_turn == 3
    assert len(await talk.asked()) == 2
    await talk.settled(2)


async def test_a_run_at_its_own_limit_goes_on_when_it_is_raised(world: World, workers: None) -> None:
    talk = await begin(world, [look(), END], budget=Budget(turns=1))
    status = await talk.waits()
    assert status.turn == 2
    assert status.waiting is not None
    assert "1 of 1 turns are spent or reserved" in status.waiting.what
    assert len(await talk.asked()) == 1
    await talk.handle.signal("raise_budget", Budget(turns=2))
    await goes_on(talk)


@pytest.mark.parametrize("name", ["organization_month_usd", "day_usd"])
async def test_runs_at_a_shared_limit_go_on_when_it_is_raised(
    world: World, workers: None, limits: SqlLimits, name: LimitName
) -> None:
    """While the first turns are being answered nothing more is allowed: three runs stand before their second."""
    organization = ids.new("org")
    slowly = {"pause_seconds": 0.15}
    talks = [await begin(world, [look() | slowly, END], organization_id=organization) for _ in range(3)]
    await asyncio.gather(*(until(partial(begun, talk)) for talk in talks))
    await limits.set({name: Decimal(0)}, by=OPERATOR)
    (held,) = [one for one in await limits.standing(organization) if one.name == name]
    for talk in talks:
        status = await talk.waits()
        assert status.turn == 2
        assert status.waiting is not None
        assert status.waiting.until == held.resets_at
        assert "ccb limits set" in status.waiting.what
        assert len(await talk.asked()) == 1
    await limits.set({name: ENOUGH}, by=OPERATOR)
    await told(world)
    for talk in talks:
        assert (await talk.ended()).next_turn == 3
        assert len(await talk.asked()) == 2


async def begun(talk: Talk) -> bool | None:
    return True if await talk.asked() else None


async def told(world: World) -> int:
    """Runs that began a moment ago are in Temporal's index a moment later."""

    async def found() -> int | None:
        count = await world.runs.limits_changed()
        return count if count >= 3 else None

    return await until(found)


async def test_a_run_goes_on_when_its_limit_begins_anew(world: World, workers: None, limits: SqlLimits) -> None:
    """Nobody tells it: it looks by itself once the day is over. What others had reserved is free by then."""
    (_, day) = await limits.standing("any")
    async with database(world) as db:
        # What an earlier test's lost turn reserved stays reserved for the day.
        await limits.set({"day_usd": day.spent_usd + day.reserved_usd + 1}, by=OPERATOR)
        other = SqlBooks(db)
        mine = f"other/{ids.new('run')}"
        await other.reserve(
            mine, 1, organization_id="another", tokens=1, usd=Decimal("0.999"), budget=Budget(usd=Decimal(9))
        )
        talk = await begin(world, [END])
        status = await talk.waits()
        assert status.waiting is not None
        assert status.waiting.until == day.resets_at
        await other.release(mine, 1)
    assert await talk.asked() == []
    await talk.fast_forward(day.resets_at - datetime.now(UTC) + timedelta(minutes=5))
    assert (await talk.ended()).next_turn == 2
    assert len(await talk.asked()) == 1
    await talk.settled(1)


async def test_people_are_told_where_they_look(world: World, workers: None) -> None:
    cmd = await world.request(budget=Budget(turns=1))
    await world.runs.start_create(cmd)

    async def waits() -> RunStatus | None:
        status = await world.runs.status(cmd.integration_id)
        return status if status.waiting is not None else None

    status = await until(waits)
    assert status.waiting is not None
    assert status.waiting.what.startswith("a higher budget.")

    async def said() -> bool | None:
        outside = await world.outside(cmd)
        assert len(outside.comments) == 1
        return True if "Waits for a higher budget" in outside.comments[0] and await pauses() else None

    async def pauses() -> list[str]:
        messages = (await world.simulators.look("slack", "messages"))["messages"]
        return [found for found in map(json.dumps, messages) if "waits for a higher budget" in found.lower()]

    await until(said)
    await world.runs.raise_budget(cmd.integration_id, RaiseBudget(by=OPERATOR, budget=Budget()))

    async def gone_on() -> bool | None:
        found = await world.runs.status(cmd.integration_id)
        return True if found.waiting is None and found.spent.turns > 1 else None

    await until(gone_on)

    async def corrected() -> bool | None:
        return True if "Waits for a higher budget" not in (await world.outside(cmd)).comments[0] else None

    await until(corrected)
    assert len(await pauses()) == 1
    await world.runs.abandon(cmd.integration_id, Abandon(by=OPERATOR, reason="seen enough"))
    outcome = await world.ended(cmd)
    assert outcome.failure is not None
    assert outcome.failure.error.code == "abandoned"


async def test_a_long_conversation_continues_as_new(world: World) -> None:
    """The server is told to suggest it early. The turns go on being counted, and none is bought twice."""
    binary = Path(sys.executable).parent / "temporal"
    port, http, metrics = free_ports(3)
    command = [binary, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--http-port", str(http), "--metrics-port", str(metrics), "--log-level", "warn"]
    command += ["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=40"]
    turns = 8
    with folder() as home, process(command, log=home / "log") as child:
        settings = TemporalSettings(address=f"127.0.0.1:{port}")

        async def ask() -> None:
            await connect(settings)

        await ready(ask, child, home / "log", StorageUnavailable)
        there = dataclasses.replace(world, client=await connect(settings))
        talk = await begin(there, [*(look() for _ in range(turns - 1)), END])
        async with serving(there, *OTHERS, CLAUDE_QUEUE):
            conversed = await talk.ended()
        first = await there.client.get_workflow_handle(
            talk.handle.id, run_id=talk.handle.first_execution_run_id
        ).describe()
    assert first.status is WorkflowExecutionStatus.CONTINUED_AS_NEW
    assert conversed.next_turn == turns + 1
    assert conversed.spent.turns == turns
    assert len(await talk.asked()) == turns
    await talk.settled(turns)
