"""Limits that all runs share: as configured, until an operator sets another."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import accounts
from adapters.database.accounts import NOTHING, from_nano, to_nano_limit, utc_now
from adapters.database.engine import Database
from adapters.database.tables import limits
from domain.conversation import LimitName, LimitStanding, SpendingLimits
from domain.people import Actor

UNLIMITED = SpendingLimits()


class SqlLimits:
    """The `Limits` port."""

    def __init__(
        self,
        db: Database,
        configured: SpendingLimits = UNLIMITED,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._configured = configured
        self._now = now

    async def get(self) -> SpendingLimits:
        async with self._db.read() as connection:
            return await self.within(connection)

    async def within(self, connection: AsyncConnection) -> SpendingLimits:
        """As they are for the transaction under way."""
        rows = (await connection.execute(select(limits.c.name, limits.c.nano_usd))).all()
        told = {name: None if nano is None else from_nano(nano) for name, nano in rows}
        return SpendingLimits.model_validate(self._configured.model_dump() | told)

    async def set(self, changes: Mapping[LimitName, Decimal | None], *, by: Actor) -> SpendingLimits:
        async with self._db.write() as connection:
            for name, usd in sorted(changes.items()):
                values = {
                    "nano_usd": None if usd is None else to_nano_limit(usd),
                    "set_by": by.model_dump(mode="json"),
                    "set_at": self._now(),
                }
                statement = self._db.insert(limits).values(name=name, **values)
                await connection.execute(statement.on_conflict_do_update(index_elements=[limits.c.name], set_=values))
            return await self.within(connection)

    async def standing(self, organization_id: str) -> list[LimitStanding]:
        month, day = accounts.month(self._now()), accounts.day(self._now())
        scopes = {
            "organization_month_usd": (accounts.organization_scope(organization_id, month), month),
            "day_usd": (accounts.day_scope(day), day),
        }
        async with self._db.read() as connection:
            now = await self.within(connection)
            held = await accounts.look(connection, (scope for scope, _ in scopes.values()))
        return [
            LimitStanding.model_validate(
                {
                    "name": name,
                    "period": period.name,
                    "limit_usd": getattr(now, name),
                    "spent_usd": from_nano(charge.nano - charge.reserved),
                    "reserved_usd": from_nano(charge.reserved),
                    "resets_at": period.ends,
                }
            )
            for name, (scope, period) in scopes.items()
            for charge in [held.get(scope, NOTHING)]
        ]
