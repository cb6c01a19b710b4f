"""What is being said right now, for those who watch: written in pieces, read from a position, soon forgotten."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.engine import Database
from adapters.database.tables import live
from domain.live import LiveEntry

KEPT_TURNS = 20
"""Turns of one run that are kept; the books and the artifacts have all of them."""
KEPT = timedelta(days=1)


class SqlLive:
    """The `Live` port. Old entries go when a turn begins, so that pruning costs little and needs nobody."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, entries: Sequence[LiveEntry]) -> None:
        """Write them in order, behind all there are of their run."""
        if not entries:
            return
        async with self._db.write() as connection:
            for run in sorted({entry.run for entry in entries}):
                await _alone(connection, run)
            for entry in entries:
                if entry.kind == "turn":
                    await _prune(connection, entry)
            await connection.execute(insert(live), [_row(entry) for entry in entries])

    async def after(self, run: str, position: int, *, limit: int = 500) -> list[LiveEntry]:
        query = (
            select(live.c.position, live.c.document)
            .where(live.c.run == run, live.c.position > position)
            .order_by(live.c.position)
            .limit(limit)
        )
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        return [LiveEntry.model_validate(document | {"position": number}) for number, document in rows]

    async def latest_turn(self, run: str) -> int:
        newest = select(func.max(live.c.turn)).where(live.c.run == run).scalar_subquery()
        query = select(func.min(live.c.position)).where(live.c.run == run, live.c.turn == newest)
        async with self._db.read() as connection:
            first = (await connection.execute(query)).scalar_one()
        return first - 1 if first is not None else 0


async def _alone(connection: AsyncConnection, run: str) -> None:
    """One writer of a run at a time: positions must become visible in their order, or a reader would pass some by.

    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:run, 0))"), {"run": f"live/{run}"}
        )


async def _prune(connection: AsyncConnection, begun: LiveEntry) -> None:
    old = live.c.at < begun.at - KEPT
    passed = (live.c.run == begun.run) & (live.c.turn <= begun.turn - KEPT_TURNS)
    await connection.execute(delete(live).where(or_(old, passed)))


def _row(entry: LiveEntry) -> dict[str, object]:
    document = entry.model_dump(mode="json", exclude={"position"}, exclude_defaults=True)
    return {"run": entry.run, "turn": entry.turn, "at": entry.at, "document": document}
