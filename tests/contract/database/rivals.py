"""What the suite's other process does. It is started once: importing takes it longer than the work."""

import asyncio
from decimal import Decimal

from pydantic import SecretStr

from adapters.database import Database, DatabaseSettings, SqlBooks
from adapters.database.migrate import migrate
from domain.conversation import Budget
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
            await books.reserve("run", number, tokens=10, usd=Decimal("0.1"), budget=budget)
        except BudgetExceeded:
            return False
        return True

    results = await asyncio.gather(*(one(first + step) for step in range(50)))
    await db.close()
    return results


def warm() -> None:
    """Importing this module is the work."""
