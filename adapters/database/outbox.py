"""Events written and not yet sent."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select, update

from adapters.database import rows
from adapters.database.engine import Database
from adapters.database.tables import events
from domain.events import Event


class SqlOutbox:
    """The `Outbox` port. The table of events is the log; sent ones stay, marked."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def unsent(self, limit: int) -> list[Event]:
        query = select(events).where(events.c.sent_at.is_(None)).order_by(events.c.position).limit(limit)
        async with self._db.read() as connection:
            return [rows.event(row) for row in (await connection.execute(query)).mappings()]

    async def mark_sent(self, event_ids: Sequence[str]) -> None:
        """Marks each once; ids that are marked or unknown change nothing."""
        if not event_ids:
            return
        marked = update(events).where(events.c.id.in_(event_ids), events.c.sent_at.is_(None))
        async with self._db.write() as connection:
            await connection.execute(marked.values(sent_at=datetime.now(UTC)))
