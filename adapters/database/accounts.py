"""Accounts: what weighs on a run, on an organisation's month and on a day.

Amounts are whole billionths of a US dollar, rounded up: SQLite has no exact decimals, and a sum must not drift.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.engine import Database
from adapters.database.tables import accounts
from domain.conversation import Spent

_NANO = Decimal(1_000_000_000)


def to_nano(usd: Decimal) -> int:
    return int((usd * _NANO).to_integral_value(ROUND_CEILING))


def to_nano_limit(usd: Decimal) -> int:
    """A limit is rounded down, so that what is rounded up stays within it."""
    return int(usd * _NANO)


def from_nano(nano: int) -> Decimal:
    """US dollars, without zeros at the end and without an exponent."""
    return Decimal(format((Decimal(nano) / _NANO).normalize(), "f"))


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Charge:
    """What weighs on an account. `reserved` is the part of `nano` that is reserved and not yet spent."""

    tokens: int = 0
    nano: int = 0
    turns: int = 0
    reserved: int = 0

    def __add__(self, other: "Charge") -> "Charge":
        return Charge(
            self.tokens + other.tokens, self.nano + other.nano, self.turns + other.turns, self.reserved + other.reserved
        )

    def __sub__(self, other: "Charge") -> "Charge":
        return self + Charge(-other.tokens, -other.nano, -other.turns, -other.reserved)

    def spent(self) -> Spent:
        return Spent(tokens=self.tokens, usd=from_nano(self.nano), turns=self.turns)


NOTHING = Charge()


@dataclass(frozen=True)
class Period:
    """A month or a day in UTC: its name, and when the next one begins."""

    name: str
    ends: datetime


def month(at: datetime) -> Period:
    at = at.astimezone(UTC)
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    # The 28th and four days are in the next month, whichever month it is.
    return Period(f"{at:%Y-%m}", (first.replace(day=28) + timedelta(days=4)).replace(day=1))


def day(at: datetime) -> Period:
    at = at.astimezone(UTC)
    return Period(f"{at:%Y-%m-%d}", at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1))


def run_scope(run: str) -> str:
    return f"run/{run}"


def organization_scope(organization_id: str, period: Period) -> str:
    return f"organization/{organization_id}/{period.name}"


def day_scope(period: Period) -> str:
    return f"day/{period.name}"


async def locked(db: Database, connection: AsyncConnection, scopes: Iterable[str]) -> dict[str, Charge]:
    """What weighs on each account, opened if need be and locked until the transaction ends.

    In the order of their names: whoever wants several asks for them in one call, so that nobody waits in a circle.
    """
    wanted = sorted(set(scopes))
    opened = db.insert(accounts).values(
        [{"scope": scope, "tokens": 0, "nano_usd": 0, "turns": 0, "reserved_nano_usd": 0} for scope in wanted]
    )
    await connection.execute(opened.on_conflict_do_nothing())
    query = select(accounts).where(accounts.c.scope.in_(wanted)).order_by(accounts.c.scope).with_for_update()
    rows = (await connection.execute(query)).all()
    return {row.scope: Charge(row.tokens, row.nano_usd, row.turns, row.reserved_nano_usd) for row in rows}


async def look(connection: AsyncConnection, scopes: Iterable[str]) -> dict[str, Charge]:
    """The same without a lock; accounts that were never charged are left out."""
    query = select(accounts).where(accounts.c.scope.in_(list(scopes)))
    rows = (await connection.execute(query)).all()
    return {row.scope: Charge(row.tokens, row.nano_usd, row.turns, row.reserved_nano_usd) for row in rows}


async def write(connection: AsyncConnection, charges: Mapping[str, Charge]) -> None:
    for scope, charge in sorted(charges.items()):
        await connection.execute(
            update(accounts)
            .where(accounts.c.scope == scope)
            .values(
                tokens=charge.tokens,
                nano_usd=charge.nano,
                turns=charge.turns,
                reserved_nano_usd=charge.reserved,
            )
        )
