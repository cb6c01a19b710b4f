"""Money is reserved before it is spent: whatever races, nothing is spent twice or over the budget."""

import asyncio
from decimal import Decimal

import pytest

from adapters.database import SqlBooks
from adapters.database.books import from_nano, to_nano
from domain.artifacts import ArtifactRef, content_hash
from domain.conversation import Budget, Spent, Turn, Usage
from domain.errors import BudgetExceeded
from tests.contract.database import rivals

RUN = "integration/int_1"
BUDGET = Budget(tokens=1000, usd=Decimal(1), turns=5)


@pytest.fixture
def books(db):
    return SqlBooks(db)


def turn(number: int, tokens: int = 50, usd: str = "0.05") -> Turn:
    return Turn(
        run=RUN,
        number=number,
        conversation=ArtifactRef(hash=content_hash(b"x"), size=1),
        stop_reason="end_turn",
        tool_names=["finish"],
        usage=Usage(input_tokens=tokens - 10, output_tokens=10),
        usd=Decimal(usd),
    )


async def test_a_turn_is_reserved_recorded_and_found(books):
    assert await books.spent(RUN) == Spent()
    assert await books.find(RUN, 1) is None
    await books.reserve(RUN, 1, tokens=400, usd=Decimal("0.4"), budget=BUDGET)
    await books.reserve(RUN, 1, tokens=500, usd=Decimal("0.5"), budget=BUDGET)
    assert await books.spent(RUN) == Spent(tokens=500, usd=Decimal("0.5"), turns=1)
    assert await books.find(RUN, 1) is None
    await books.record(turn(1))
    await books.record(turn(1, tokens=99, usd="0.99"))
    assert await books.find(RUN, 1) == turn(1)
    assert await books.spent(RUN) == Spent(tokens=50, usd=Decimal("0.05"), turns=1)
    await books.reserve(RUN, 1, tokens=500, usd=Decimal("0.5"), budget=BUDGET)
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
        await books.reserve(RUN, 9, tokens=tokens, usd=Decimal(usd), budget=BUDGET)
    assert caught.value.details["spent"] == before.model_dump(mode="json")
    assert caught.value.details["budget"] == BUDGET.model_dump(mode="json")
    assert await books.spent(RUN) == before


async def test_a_replacement_that_does_not_fit_leaves_the_reservation(books):
    await books.reserve(RUN, 1, tokens=10, usd=Decimal("0.9"), budget=BUDGET)
    with pytest.raises(BudgetExceeded):
        await books.reserve(RUN, 1, tokens=10, usd=Decimal("1.1"), budget=BUDGET)
    assert (await books.spent(RUN)).usd == Decimal("0.9")
    await books.reserve(RUN, 1, tokens=1000, usd=Decimal(1), budget=BUDGET)
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


def test_amounts_are_rounded_up_and_read_back_exactly():
    assert to_nano(Decimal("0.0000000001")) == 1
    assert str(from_nano(to_nano(Decimal("12.345678901")))) == "12.345678901"
    assert str(from_nano(10_000_000_000)) == "10"
    assert str(from_nano(0)) == "0"
