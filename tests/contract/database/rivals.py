"""What the suite's other process does. It is started once: importing takes it longer than the work."""

import asyncio
from decimal import Decimal

from pydantic import SecretStr

from adapters.database import Database, DatabaseSettings, SqlBooks, SqlLimits
from adapters.database.migrate import migrate
from domain.artifacts import ArtifactRef, content_hash
from domain.conversation import Budget, SpendingLimits, Turn, Usage
from domain.errors import BudgetExceeded


def run_migrate(url: str) -> None:
    asyncio.run(migrate(url))


def run_reserve_50(url: str, first: int) -> list[bool]:
    return asyncio.run(reserve_50(url, first))


async def reserve_50(url: str, first: int) -> list[bool]:
    """Reserve 50 turns at once; which of them fitted."""
    db = await Database.open(DatabaseSettings(url=SecretStr(url)))
    books, budget = SqlBooks(db), Budget(tokens=10**9, usd=Decimal("1.05"), turns=1000)

    async def one(number: int) -> bool:
        try:
            await books.reserve("run", number, organization_id="org", tokens=10, usd=Decimal("0.1"), budget=budget)
        except BudgetExceeded:
            return False
        return True

    results = await asyncio.gather(*(one(first + step) for step in range(50)))
    await db.close()
    return results


def run_25_runs(url: str, name: str, day: Decimal) -> list[int]:
    return asyncio.run(runs_25(url, name, day))


async def runs_25(url: str, name: str, day: Decimal) -> list[int]:
    """25 runs at once, each with up to four turns that reserve 0.1 and cost 0.05; how many each was let have."""
    db = await Database.open(DatabaseSettings(url=SecretStr(url)))
    books = SqlBooks(db, SqlLimits(db, SpendingLimits(day_usd=day)))

    async def one(run: str) -> int:
        turn = 0
        while turn < 4:
            try:
                await books.reserve(
                    run, turn, organization_id="org", tokens=10, usd=Decimal("0.1"), budget=Budget(usd=Decimal(100))
                )
            except BudgetExceeded:
                # What the others have reserved may be settled to less: only what is spent does not come back.
                held = (await SqlLimits(db).standing("org"))[1]
                if held.reserved_usd == 0 and held.spent_usd + Decimal("0.1") > day:
                    return turn
                await asyncio.sleep(0.005)
                continue
            await books.record(_turn(run, turn))
            turn += 1
        return turn

    turns = await asyncio.gather(*(one(f"{name}/{number}") for number in range(25)))
    await db.close()
    return turns


def _turn(run: str, number: int) -> Turn:
    return Turn(
        run=run,
        number=number,
        conversation=ArtifactRef(hash=content_hash(b"x"), size=1),
        stop_reason="end_turn",
        tool_names=[],
        usage=Usage(input_tokens=5),
        usd=Decimal("0.05"),
    )


def warm() -> None:
    """Importing this module is the work."""
