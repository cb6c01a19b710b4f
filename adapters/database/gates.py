"""Gates: until when a vendor asked to be left alone, for all workers together."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from adapters.database.accounts import utc_now
from adapters.database.engine import Database
from adapters.database.tables import gates

LONGEST = timedelta(days=1)
"""A vendor's clock, or ours, may be wrong: nothing is kept closed for longer."""


class SqlGate:
    """The `Gate` port."""

    def __init__(self, db: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._now = now

    async def wait(self, key: str) -> float:
        query = select(gates.c.closed_until).where(gates.c.key == key)
        async with self._db.read() as connection:
            until = (await connection.execute(query)).scalar_one_or_none()
        return 0.0 if until is None else max(0.0, (until - self._now()).total_seconds())

    async def close(self, key: str, until: datetime) -> None:
        now = self._now()
        until = min(until, now + LONGEST)
        if until <= now:
            return
        statement = self._db.insert(gates).values(key=key, closed_until=until)
        later = statement.on_conflict_do_update(
            index_elements=[gates.c.key],
            set_={"closed_until": statement.excluded.closed_until},
            where=gates.c.closed_until < statement.excluded.closed_until,
        )
        async with self._db.write() as connection:
            await connection.execute(later)
