"""Money is reserved before it is spent: whatever races, nothing is spent twice or over the budget."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from alembic import command
from pydantic import SecretStr
from sqlalchemy import func, select, text

from adapters.database import Database, DatabaseSettings, SqlBooks, SqlGate, SqlLimits
from adapters.database.accounts import from_nano, to_nano
from adapters.database.engine import make_engine
from adapters.database.migrate import configuration, migrate
from adapters.database.tables import accounts, turns
from domain.artifacts import ArtifactRef, content_hash
from domain.conversation import Budget, LimitReached, SpendingLimits, Spent, Turn, Usage
from domain.errors import BudgetExceeded
from domain.people import Actor, Channel
from tests.contract.database import rivals

RUN = "integration/int_1"
BUDGET = Budget(tokens=1000, usd=Decimal(1), turns=5)


@pytest.fixture
def books(db):
    return SqlBooks(db)


async def reserve(books, number: int, *, run: str = RUN, organization: str = "org", budget: Budget = BUDGET, **rest):
    await books.reserve(run, number, organization_id=organization, budget=budget, **rest)


def turn(number: int, tokens: int = 50, usd: str = "0.05") -> Turn:
    return Turn(
        run=RUN,
        number=number,
        message_id=f"msg_{number}",
        conversation=ArtifactRef(hash=content_hash(b"x"), size=1),
        stop_reason="end_turn",
        tool_names=["finish"],
        usage=Usage(input_tokens=tokens - 10, output_tokens=10),
        usd=Decimal(usd),
    )


async def test_a_turn_is_reserved_recorded_and_found(books):
    assert await books.spent(RUN) == Spent()
    assert await books.find(RUN, 1) is None
    await reserve(books, 1, tokens=400, usd=Decimal("0.4"))
    await reserve(books, 1, tokens=500, usd=Decimal("0.5"))
    assert await books.spent(RUN) == Spent(tokens=500, usd=Decimal("0.5"), turns=1)
    assert await books.find(RUN, 1) is None
    await books.record(turn(1))
    await books.record(turn(1, tokens=99, usd="0.99"))
    assert await books.find(RUN, 1) == turn(1)
    assert await books.spent(RUN) == Spent(tokens=50, usd=Decimal("0.05"), turns=1)
    await reserve(books, 1, tokens=500, usd=Decimal("0.5"))
    await books.release(RUN, 1)
    assert await books.spent(RUN) == Spent(tokens=50, usd=Decimal("0.05"), turns=1)
    assert await books.find("integration/other", 1) is None


@pytest.mark.parametrize(
    ("tokens", "usd", "already"),
    [(951, "0.1", 1), (10, "0.950000001", 1), (10, "0.1", 5)],
    ids=["tokens", "usd", "turns"],
)
async def test_what_does_not_fit_is_not_reserved(books, tokens, usd, already):
    for number in range(already):
        await books.record(turn(number, tokens=50 if already == 1 else 10, usd="0.05"))
    before = await books.spent(RUN)
    with pytest.raises(BudgetExceeded) as caught:
        await reserve(books, 9, tokens=tokens, usd=Decimal(usd))
    assert LimitReached.model_validate(caught.value.details) == LimitReached(scope="run", spent=before, budget=BUDGET)
    assert await books.spent(RUN) == before


async def test_a_replacement_that_does_not_fit_leaves_the_reservation(books):
    await reserve(books, 1, tokens=10, usd=Decimal("0.9"))
    with pytest.raises(BudgetExceeded):
        await reserve(books, 1, tokens=10, usd=Decimal("1.1"))
    assert (await books.spent(RUN)).usd == Decimal("0.9")
    await reserve(books, 1, tokens=1000, usd=Decimal(1))
    await books.release(RUN, 1)
    await books.release(RUN, 1)
    assert await books.spent(RUN) == Spent()


async def test_a_turn_recorded_without_a_reservation_counts(books):
    await asyncio.gather(*(books.record(turn(1)) for _ in range(5)))
    assert await books.spent(RUN) == Spent(tokens=50, usd=Decimal("0.05"), turns=1)


async def test_two_processes_with_50_tasks_each_do_not_overspend(books, url, other_process):
    """The budget has room for 10 of the 100."""
    there = asyncio.get_running_loop().run_in_executor(other_process, rivals.run_reserve_50, url, 0)
    halves = await asyncio.gather(there, rivals.reserve_50(url, 50))
    assert [len(half) for half in halves] == [50, 50]
    assert (halves[0] + halves[1]).count(True) == 10
    assert await books.spent("run") == Spent(tokens=100, usd=Decimal(1), turns=10)


async def test_a_turn_weighs_on_run_organisation_and_day(db):
    now = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    limits = SqlLimits(db, SpendingLimits(organization_month_usd=Decimal(3), day_usd=Decimal(2)), now=lambda: now)
    books = SqlBooks(db, limits, now=lambda: now)
    await reserve(books, 1, tokens=10, usd=Decimal("0.7"))
    await reserve(books, 1, run="other", organization="theirs", tokens=10, usd=Decimal("0.6"))
    await books.record(turn(1))
    assert await standing(limits) == {
        "2026-11": ("0.05", "0", datetime(2026, 12, 1, tzinfo=UTC)),
        "2026-11-30": ("0.05", "0.6", datetime(2026, 12, 1, tzinfo=UTC)),
    }
    assert (await standing(limits, "theirs"))["2026-11"][:2] == ("0", "0.6")


@pytest.mark.parametrize(
    ("limits", "scope", "ends"),
    [
        (SpendingLimits(organization_month_usd=Decimal("0.9")), "organization", datetime(2027, 1, 1, tzinfo=UTC)),
        (SpendingLimits(day_usd=Decimal("0.9")), "day", datetime(2026, 12, 24, tzinfo=UTC)),
    ],
    ids=["organization", "day"],
)
async def test_a_shared_limit_says_which_it_is_and_when_it_begins_anew(db, limits, scope, ends):
    clock = [datetime(2026, 12, 23, 12, tzinfo=UTC)]
    books = SqlBooks(db, SqlLimits(db, limits, now=lambda: clock[0]), now=lambda: clock[0])
    await reserve(books, 1, run="other", tokens=10, usd=Decimal("0.5"))
    with pytest.raises(BudgetExceeded, match="ccb limits set") as caught:
        await reserve(books, 1, tokens=10, usd=Decimal("0.400000001"))
    assert LimitReached.model_validate(caught.value.details) == LimitReached(
        scope=scope, spent=Spent(tokens=10, usd=Decimal("0.5"), turns=1), limit_usd=Decimal("0.9"), resets_at=ends
    )
    assert await books.spent(RUN) == Spent()
    await reserve(books, 1, tokens=10, usd=Decimal("0.4"))
    clock[0] = ends
    await reserve(books, 2, tokens=10, usd=Decimal("0.6"))


async def test_a_turn_is_settled_on_the_day_it_was_reserved_on(db):
    clock = [datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)]
    limits = SqlLimits(db, now=lambda: clock[0])
    books = SqlBooks(db, limits, now=lambda: clock[0])
    for number in (1, 2, 3):
        await reserve(books, number, tokens=10, usd=Decimal("0.1"))
    clock[0] += timedelta(seconds=2)
    await books.record(turn(1))
    await books.release(RUN, 2)
    await reserve(books, 3, tokens=10, usd=Decimal("0.2"))
    now = await standing(limits)
    clock[0] -= timedelta(seconds=2)
    then = await standing(limits)
    assert {period: money[:2] for period, money in (now | then).items()} == {
        "2026-12": ("0.05", "0"),
        "2026-12-31": ("0.05", "0"),
        "2027-01": ("0", "0.2"),
        "2027-01-01": ("0", "0.2"),
    }


async def test_what_an_attempt_cost_that_brought_nothing_stays(db):
    limits = SqlLimits(db)
    books = SqlBooks(db, limits)
    await reserve(books, 1, tokens=100, usd=Decimal("0.1"))
    await books.lose(RUN, 1, tokens=30, usd=Decimal("0.03"))
    assert await books.spent(RUN) == Spent(tokens=30, usd=Decimal("0.03"), turns=0)
    await reserve(books, 1, tokens=100, usd=Decimal("0.1"), attempt=2)
    await books.record(turn(1))
    assert await books.spent(RUN) == Spent(tokens=80, usd=Decimal("0.08"), turns=1)
    assert [money[:2] for money in (await standing(limits)).values()] == [("0.08", "0")] * 2


async def test_an_attempt_that_was_given_up_changes_nothing_of_the_next(books):
    """A worker that was frozen wakes, and finds another at its turn."""
    await reserve(books, 1, tokens=100, usd=Decimal("0.1"), attempt=1)
    await reserve(books, 1, tokens=200, usd=Decimal("0.2"), attempt=2)
    await books.release(RUN, 1, attempt=1)
    assert (await books.spent(RUN)).usd == Decimal("0.2")
    await books.lose(RUN, 1, attempt=1, tokens=1, usd=Decimal("0.01"))
    assert (await books.spent(RUN)).usd == Decimal("0.21")
    first = await books.record(turn(1))
    second = await books.record(turn(1).model_copy(update={"message_id": "msg_again"}))
    assert first == second == turn(1)
    assert await books.spent(RUN) == Spent(tokens=101, usd=Decimal("0.11"), turns=1)


async def test_two_processes_with_25_runs_each_do_not_overspend_a_day(db, url, other_process):
    """50 runs want up to 4 turns each of 0.1; a day that has room for 30 at once never holds more."""
    day = Decimal(3)
    limits = SqlLimits(db, SpendingLimits(day_usd=day))
    there = asyncio.get_running_loop().run_in_executor(other_process, rivals.run_25_runs, url, "there", day)
    here = asyncio.ensure_future(rivals.runs_25(url, "here", day))
    both = asyncio.gather(there, here)
    looks = 0
    while not both.done():
        held = (await limits.standing("org"))[1]
        assert held.spent_usd + held.reserved_usd <= day
        looks += 1
        await asyncio.sleep(0.01)
    bought = [turns for half in await both for turns in half]
    assert len(bought) == 50
    assert sum(bought) == 59  # the 60th would need 0.1 beside 2.95
    assert looks > 5
    month, held = await limits.standing("org")
    assert (held.spent_usd, held.reserved_usd) == (Decimal("2.95"), 0)
    assert month.spent_usd == held.spent_usd
    async with db.read() as connection:
        assert (
            await connection.execute(select(func.count()).select_from(turns).where(turns.c.document.is_not(None)))
        ).scalar() == 59


async def test_operators_set_limits_and_all_see_them(db, other_db):
    limits = SqlLimits(db, SpendingLimits(day_usd=Decimal(5)))
    assert await limits.get() == SpendingLimits(day_usd=Decimal(5))
    by = Actor(channel=Channel.CLI, name="ada")
    assert await limits.set({"organization_month_usd": Decimal("1.5")}, by=by) == SpendingLimits(
        organization_month_usd=Decimal("1.5"), day_usd=Decimal(5)
    )
    await limits.set({"day_usd": None}, by=by)
    there = SqlLimits(other_db, SpendingLimits(day_usd=Decimal(7)))
    assert await there.get() == SpendingLimits(organization_month_usd=Decimal("1.5"), day_usd=None)
    with pytest.raises(BudgetExceeded):
        await reserve(SqlBooks(other_db), 1, tokens=1, usd=Decimal("1.6"), budget=Budget(usd=Decimal(9)))


async def test_a_gate_stays_closed_for_the_longest_that_was_asked(db, other_db):
    clock = [datetime(2026, 11, 23, 12, tzinfo=UTC)]
    gate, other = (SqlGate(one, now=lambda: clock[0]) for one in (db, other_db))
    assert await gate.wait("claude/a") == 0
    await asyncio.gather(
        *(one.close("claude/a", clock[0] + timedelta(seconds=wait)) for wait in (3, 20, 7) for one in (gate, other))
    )
    assert await gate.wait("claude/a") == await other.wait("claude/a") == 20
    assert await gate.wait("claude/b") == 0
    clock[0] += timedelta(seconds=21)
    assert await gate.wait("claude/a") == 0
    await gate.close("claude/a", clock[0] + timedelta(days=400))
    assert await gate.wait("claude/a") == timedelta(days=1).total_seconds()


async def test_books_of_before_the_limits_are_carried_on(empty_url):
    """Up from 0002 with turns in it: one bought, one reserved."""
    engine = make_engine(DatabaseSettings(url=SecretStr(empty_url)))
    old = turn(1).model_dump(mode="json", exclude={"message_id"})
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(configuration(sync), "0002"))
        await connection.execute(text(f"INSERT INTO accounts VALUES ('run/{RUN}', 550, 550000000, 2)"))
        await connection.execute(
            text("INSERT INTO turns (run, number, tokens, nano_usd, document) VALUES (:run, 1, 50, 50000000, :old)"),
            {"run": RUN, "old": json.dumps(old)},
        )
        await connection.execute(
            text(f"INSERT INTO turns (run, number, tokens, nano_usd) VALUES ('{RUN}', 2, 500, 500000000)")
        )
    await engine.dispose()
    await migrate(empty_url)
    db = await Database.open(DatabaseSettings(url=SecretStr(empty_url)))
    books = SqlBooks(db)
    assert await books.find(RUN, 1) == turn(1).model_copy(update={"message_id": ""})
    await books.record(turn(2))
    await reserve(books, 3, tokens=900, usd=Decimal("0.9"))
    assert await books.spent(RUN) == Spent(tokens=1000, usd=Decimal(1), turns=3)
    async with db.read() as connection:
        (reserved,) = (
            await connection.execute(select(accounts.c.reserved_nano_usd).where(accounts.c.scope == f"run/{RUN}"))
        ).one()
    assert reserved == 900_000_000
    await db.close()


async def standing(limits: SqlLimits, organization: str = "org"):
    return {
        one.period: (str(one.spent_usd), str(one.reserved_usd), one.resets_at)
        for one in await limits.standing(organization)
    }


def test_amounts_are_rounded_up_and_read_back_exactly():
    assert to_nano(Decimal("0.0000000001")) == 1
    assert str(from_nano(to_nano(Decimal("12.345678901")))) == "12.345678901"
    assert str(from_nano(10_000_000_000)) == "10"
    assert str(from_nano(0)) == "0"
