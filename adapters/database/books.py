"""Money: reserved before it is spent. Accounts are locked while they are charged, so that no two fit into one gap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import accounts
from adapters.database.accounts import NOTHING, Charge, from_nano, run_scope, to_nano, to_nano_limit, utc_now
from adapters.database.engine import Database
from adapters.database.limits import SqlLimits
from adapters.database.tables import turns
from domain.conversation import Budget, LimitReached, LimitScope, SpendingLimits, Spent, Turn
from domain.errors import BudgetExceeded


@dataclass(frozen=True)
class _Row:
    """A turn as it is in the books. `scopes` are the accounts that it weighs on."""

    scopes: Sequence[str]
    charge: Charge = NOTHING
    lost: Charge = NOTHING
    attempt: int = 1
    bought: Turn | None = None


@dataclass(frozen=True)
class _Scopes:
    """The accounts that a turn is to be charged to, and when those that all share begin anew."""

    run: str
    organization: str
    day: str
    month_ends: datetime
    day_ends: datetime

    @property
    def all(self) -> Sequence[str]:
        return [self.run, self.organization, self.day]

    @classmethod
    def at(cls, now: datetime, run: str, organization_id: str) -> "_Scopes":
        month, day = accounts.month(now), accounts.day(now)
        organization = accounts.organization_scope(organization_id, month)
        return cls(run_scope(run), organization, accounts.day_scope(day), month.ends, day.ends)


class SqlBooks:
    """The `Books` port."""

    def __init__(self, db: Database, limits: SqlLimits | None = None, *, now: Callable[[], datetime] = utc_now) -> None:
        """Without `limits`, those that operators have set hold all the same."""
        self._db = db
        self._limits = limits or SqlLimits(db, now=now)
        self._now = now

    async def find(self, run: str, number: int) -> Turn | None:
        query = select(turns.c.document).where(turns.c.run == run, turns.c.number == number)
        async with self._db.read() as connection:
            document = (await connection.execute(query)).scalar_one_or_none()
        return Turn.model_validate(document) if document is not None else None

    async def reserve(
        self,
        run: str,
        number: int,
        *,
        organization_id: str,
        tokens: int,
        usd: Decimal,
        budget: Budget,
        attempt: int = 1,
    ) -> None:
        """A turn that has been bought needs no reservation, and gets none."""
        wanted = Charge(tokens, to_nano(usd), 1, reserved=to_nano(usd))
        scopes = _Scopes.at(self._now(), run, organization_id)
        async with self._db.write() as connection:
            turn, held = await self._open(connection, run, number, scopes.all)
            if turn.bought is not None:
                return
            others = {scope: now - turn.charge if scope in turn.scopes else now for scope, now in held.items()}
            _fit(wanted, others, scopes, budget, await self._limits.within(connection))
            await self._put(connection, run, number, _Row(scopes.all, wanted, turn.lost, attempt))
            charged = {scope: others[scope] + wanted for scope in scopes.all}
            await accounts.write(connection, others | charged)

    async def record(self, turn: Turn) -> Turn:
        paid = Charge(turn.usage.total_tokens, to_nano(turn.usd), 1)
        async with self._db.write() as connection:
            row, held = await self._open(connection, turn.run, turn.number)
            if row.bought is not None and turn.message_id == row.bought.message_id:
                return row.bought
            if row.bought is not None:
                extra = Charge(paid.tokens, paid.nano)
                after = _Row(row.scopes, row.charge, row.lost + extra, row.attempt, row.bought)
                charged = {scope: now + extra for scope, now in held.items()}
            else:
                after = _Row(row.scopes, paid, row.lost, row.attempt, turn)
                charged = {scope: now - row.charge + paid for scope, now in held.items()}
            await self._put(connection, turn.run, turn.number, after)
            await accounts.write(connection, charged)
            return after.bought or turn

    async def release(self, run: str, number: int, *, attempt: int = 1) -> None:
        """A turn that was bought stays, and so does what another attempt has reserved."""
        await self._end(run, number, attempt, NOTHING)

    async def lose(self, run: str, number: int, *, tokens: int, usd: Decimal, attempt: int = 1) -> None:
        await self._end(run, number, attempt, Charge(tokens, to_nano(usd)))

    async def spent(self, run: str) -> Spent:
        async with self._db.read() as connection:
            held = await accounts.look(connection, [run_scope(run)])
        return held.get(run_scope(run), NOTHING).spent()

    async def _end(self, run: str, number: int, attempt: int, lost: Charge) -> None:
        """An attempt brought nothing: what it reserved gives way to what it cost."""
        async with self._db.write() as connection:
            row, held = await self._open(connection, run, number)
            mine = row.bought is None and row.attempt == attempt
            reserved = row.charge if mine else NOTHING
            after = _Row(row.scopes, row.charge - reserved, row.lost + lost, row.attempt, row.bought)
            await self._put(connection, run, number, after)
            await accounts.write(connection, {scope: now - reserved + lost for scope, now in held.items()})

    async def _open(
        self, connection: AsyncConnection, run: str, number: int, more: Sequence[str] = ()
    ) -> tuple[_Row, dict[str, Charge]]:
        """The turn, and the accounts it weighs on with those in `more`, locked.

        The run's account comes first: whoever has it alone changes the run's turns. Those that runs share come after,
        in the order of their names.
        """
        own = await accounts.locked(self._db, connection, [run_scope(run)])
        query = select(turns).where(turns.c.run == run, turns.c.number == number)
        found = (await connection.execute(query)).one_or_none()
        row = _Row(scopes=more or [run_scope(run)])
        if found is not None:
            bought = Turn.model_validate(found.document) if found.document is not None else None
            weighs = bought is not None or found.tokens > 0 or found.nano_usd > 0
            row = _Row(
                scopes=found.scopes or [run_scope(run)],
                charge=Charge(found.tokens, found.nano_usd, int(weighs), 0 if bought else found.nano_usd),
                lost=Charge(found.lost_tokens, found.lost_nano_usd),
                attempt=found.attempt,
                bought=bought,
            )
        shared = {*row.scopes, *more} - own.keys()
        return row, own | (await accounts.locked(self._db, connection, shared) if shared else {})

    async def _put(self, connection: AsyncConnection, run: str, number: int, row: _Row) -> None:
        values = {
            "tokens": row.charge.tokens,
            "nano_usd": row.charge.nano,
            "document": row.bought.model_dump(mode="json") if row.bought is not None else None,
            "scopes": list(row.scopes),
            "attempt": row.attempt,
            "lost_tokens": row.lost.tokens,
            "lost_nano_usd": row.lost.nano,
        }
        statement = self._db.insert(turns).values(run=run, number=number, **values)
        await connection.execute(
            statement.on_conflict_do_update(index_elements=[turns.c.run, turns.c.number], set_=values)
        )


def _fit(wanted: Charge, others: dict[str, Charge], scopes: _Scopes, budget: Budget, limits: SpendingLimits) -> None:
    """Raise BudgetExceeded unless `wanted` fits beside `others` everywhere."""
    may = f"The next turn may cost up to ${from_nano(wanted.nano)} and {wanted.tokens} tokens, which does not fit"
    so_far = others[scopes.run]
    after = so_far + wanted
    if after.tokens > budget.tokens or after.nano > to_nano_limit(budget.usd) or after.turns > budget.turns:
        raise _exceeded(
            f"{may}: ${from_nano(so_far.nano)} of ${budget.usd}, {so_far.tokens} of {budget.tokens} tokens and "
            f"{so_far.turns} of {budget.turns} turns are spent or reserved. Raise the budget, or abandon.",
            LimitReached(scope="run", spent=so_far.spent(), budget=budget),
        )
    shared: list[tuple[LimitScope, str, Decimal | None, str, datetime]] = [
        ("organization", "organisation's month", limits.organization_month_usd, scopes.organization, scopes.month_ends),
        ("day", "day", limits.day_usd, scopes.day, scopes.day_ends),
    ]
    for scope, what, limit, account, ends in shared:
        so_far = others[account]
        if limit is not None and so_far.nano + wanted.nano > to_nano_limit(limit):
            raise _exceeded(
                f"{may} in the {what}: ${from_nano(so_far.nano)} of ${limit} is spent or reserved. It begins anew at "
                f"{ends:%Y-%m-%d %H:%M} UTC; an operator can raise the limit with `ccb limits set`.",
                LimitReached(scope=scope, spent=so_far.spent(), limit_usd=limit, resets_at=ends),
            )


def _exceeded(message: str, reached: LimitReached) -> BudgetExceeded:
    return BudgetExceeded(message, **reached.model_dump(mode="json"))
