"""Money: reserved before it is spent. An account's row is locked while it is charged, so that no two fit into one gap.

Amounts are whole billionths of a US dollar, rounded up: SQLite has no exact decimals, and a sum must not drift.
"""

from decimal import ROUND_CEILING, Decimal

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.engine import Database
from adapters.database.tables import accounts, turns
from domain.conversation import Budget, Spent, Turn
from domain.errors import BudgetExceeded

_NANO = Decimal(1_000_000_000)


def to_nano(usd: Decimal) -> int:
    return int((usd * _NANO).to_integral_value(ROUND_CEILING))


def from_nano(nano: int) -> Decimal:
    """US dollars, without zeros at the end and without an exponent."""
    return Decimal(format((Decimal(nano) / _NANO).normalize(), "f"))


class _Charge:
    """What one turn weighs on an account."""

    def __init__(self, tokens: int = 0, nano: int = 0, turns: int = 0) -> None:
        self.tokens, self.nano, self.turns = tokens, nano, turns

    def plus(self, other: "_Charge") -> "_Charge":
        return _Charge(self.tokens + other.tokens, self.nano + other.nano, self.turns + other.turns)

    def minus(self, other: "_Charge") -> "_Charge":
        return _Charge(self.tokens - other.tokens, self.nano - other.nano, self.turns - other.turns)

    def fits(self, budget: Budget) -> bool:
        return self.tokens <= budget.tokens and self.nano <= int(budget.usd * _NANO) and self.turns <= budget.turns

    def spent(self) -> Spent:
        return Spent(tokens=self.tokens, usd=from_nano(self.nano), turns=self.turns)


def _scope(run: str) -> str:
    return f"run/{run}"


class SqlBooks:
    """The `Books` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, run: str, number: int) -> Turn | None:
        query = select(turns.c.document).where(turns.c.run == run, turns.c.number == number)
        async with self._db.read() as connection:
            document = (await connection.execute(query)).scalar_one_or_none()
        return Turn.model_validate(document) if document is not None else None

    async def reserve(self, run: str, number: int, *, tokens: int, usd: Decimal, budget: Budget) -> None:
        """A turn that has been bought needs no reservation, and gets none."""
        wanted = _Charge(tokens, to_nano(usd), 1)
        async with self._db.write() as connection:
            so_far = await self._locked(connection, run)
            before, bought = await self._turn(connection, run, number)
            if bought:
                return
            others = so_far.minus(before)
            after = others.plus(wanted)
            if not after.fits(budget):
                raise BudgetExceeded(
                    f"The next turn may cost up to ${from_nano(wanted.nano)} and {tokens} tokens, which does not fit: "
                    f"${from_nano(others.nano)} of ${budget.usd}, {others.tokens} of {budget.tokens} tokens and "
                    f"{others.turns} of {budget.turns} turns are spent or reserved. Raise the budget, or abandon.",
                    spent=others.spent().model_dump(mode="json"),
                    budget=budget.model_dump(mode="json"),
                )
            await self._put(connection, run, number, wanted, None)
            await self._set(connection, run, after)

    async def record(self, turn: Turn) -> None:
        paid = _Charge(turn.usage.total_tokens, to_nano(turn.usd), 1)
        async with self._db.write() as connection:
            so_far = await self._locked(connection, turn.run)
            before, bought = await self._turn(connection, turn.run, turn.number)
            if bought:
                return
            await self._put(connection, turn.run, turn.number, paid, turn)
            await self._set(connection, turn.run, so_far.minus(before).plus(paid))

    async def release(self, run: str, number: int) -> None:
        """A turn that was bought stays."""
        async with self._db.write() as connection:
            so_far = await self._locked(connection, run)
            before, bought = await self._turn(connection, run, number)
            if bought or not before.turns:
                return
            await connection.execute(delete(turns).where(turns.c.run == run, turns.c.number == number))
            await self._set(connection, run, so_far.minus(before))

    async def spent(self, run: str) -> Spent:
        query = select(accounts).where(accounts.c.scope == _scope(run))
        async with self._db.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return _Charge(row.tokens, row.nano_usd, row.turns).spent() if row is not None else Spent()

    async def _locked(self, connection: AsyncConnection, run: str) -> _Charge:
        """What weighs on the run's account, locked until the transaction ends."""
        opened = self._db.insert(accounts).values(scope=_scope(run), tokens=0, nano_usd=0, turns=0)
        await connection.execute(opened.on_conflict_do_nothing())
        query = select(accounts).where(accounts.c.scope == _scope(run)).with_for_update()
        row = (await connection.execute(query)).one()
        return _Charge(row.tokens, row.nano_usd, row.turns)

    async def _turn(self, connection: AsyncConnection, run: str, number: int) -> tuple[_Charge, bool]:
        """What the turn weighs now, and whether it was bought."""
        query = select(turns).where(turns.c.run == run, turns.c.number == number)
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            return _Charge(), False
        return _Charge(row.tokens, row.nano_usd, 1), row.document is not None

    async def _put(
        self, connection: AsyncConnection, run: str, number: int, charge: _Charge, turn: Turn | None
    ) -> None:
        values = {
            "tokens": charge.tokens,
            "nano_usd": charge.nano,
            "document": turn.model_dump(mode="json") if turn is not None else None,
        }
        statement = self._db.insert(turns).values(run=run, number=number, **values)
        await connection.execute(
            statement.on_conflict_do_update(index_elements=[turns.c.run, turns.c.number], set_=values)
        )

    async def _set(self, connection: AsyncConnection, run: str, charge: _Charge) -> None:
        await connection.execute(
            update(accounts)
            .where(accounts.c.scope == _scope(run))
            .values(tokens=charge.tokens, nano_usd=charge.nano, turns=charge.turns)
        )
