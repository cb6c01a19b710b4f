"""The webhook inbox."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import RowMapping, Select, and_, delete, or_, select, tuple_, update

from adapters.database import cursors
from adapters.database.engine import Database
from adapters.database.tables import deliveries
from domain import ids
from domain.artifacts import content_hash
from domain.deliveries import REPLAYABLE, Arrived, DeliveryPage, Looked, StoredDelivery
from domain.errors import Corrupted, NotFound
from domain.runs import Delivery, DeliveryOutcome

_SHOWN = [column for column in deliveries.c if column.name != "body"]
"""All but the body, which may be large and is asked for by itself."""
_PLACE = (deliveries.c.stored_at, deliveries.c.source, deliveries.c.id)


class SqlDeliveries:
    """The `Deliveries` port."""

    def __init__(self, db: Database) -> None:
        self._db = db
        insert = db.insert(deliveries).on_conflict_do_nothing()
        self._insert = insert.returning(deliveries.c.source, deliveries.c.id)

    async def store(self, arrived: Sequence[Arrived]) -> list[bool]:
        """In one statement, whatever their number; a large one is split into a few in one transaction."""
        now = datetime.now(UTC)
        values = [
            {
                "source": one.source,
                "id": one.id,
                "stored_at": now,
                "document": one.model_dump(mode="json"),
                "body": body,
            }
            for one, body in arrived
        ]
        async with self._db.write() as connection:
            stored = {(source, id_) for source, id_ in await connection.execute(self._insert, values)}
        new: list[bool] = []
        for one, _ in arrived:
            new.append((one.source, one.id) in stored)
            stored.discard((one.source, one.id))
        return new

    async def body(self, delivery: Delivery) -> bytes | None:
        """Raises Corrupted if it is another than was stored."""
        which = (deliveries.c.source == delivery.source, deliveries.c.id == delivery.id)
        async with self._db.read() as connection:
            found: bytes | None = await connection.scalar(select(deliveries.c.body).where(*which))
        if found is not None and content_hash(found) != delivery.body.hash:
            raise Corrupted(f"The body of the delivery {delivery.id} is not the one that came.", delivery=delivery.id)
        return found

    async def finish(self, source: str, delivery_id: str, outcome: DeliveryOutcome) -> None:
        """The first outcome stays."""
        waiting = (deliveries.c.source == source, deliveries.c.id == delivery_id, deliveries.c.finished_at.is_(None))
        finished = update(deliveries).where(*waiting)
        async with self._db.write() as connection:
            await connection.execute(
                finished.values(
                    outcome=outcome.model_dump(mode="json"), action=outcome.action, finished_at=datetime.now(UTC)
                )
            )

    async def unfinished(
        self, *, older_than_seconds: float, after: Delivery | None = None, limit: int = 500
    ) -> list[Delivery]:
        before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
        waiting = (deliveries.c.finished_at.is_(None), deliveries.c.stored_at <= before)
        query = select(*_SHOWN).where(*waiting).order_by(*_PLACE).limit(limit)
        if after is not None:
            last = select(*_PLACE).where(deliveries.c.source == after.source, deliveries.c.id == after.id)
            query = query.where(tuple_(*_PLACE) > last.scalar_subquery())
        async with self._db.read() as connection:
            return [_delivery(row) for row in (await connection.execute(query)).mappings()]

    async def page(self, looked: Looked) -> DeliveryPage:
        query = _among(select(*_SHOWN), looked)
        if looked.cursor is not None:
            at, (source, last) = cursors.opened(looked.cursor, parts=2)
            same = and_(deliveries.c.stored_at == at, tuple_(deliveries.c.source, deliveries.c.id) < (source, last))
            query = query.where(or_(deliveries.c.stored_at < at, same))
        query = query.order_by(deliveries.c.stored_at.desc(), deliveries.c.source.desc(), deliveries.c.id.desc())
        async with self._db.read() as connection:
            found = list((await connection.execute(query.limit(looked.limit + 1))).mappings())
        rows = found[: looked.limit]
        last_row = rows[-1] if len(found) > looked.limit else None
        cursor = cursors.closed(last_row["stored_at"], last_row["source"], last_row["id"]) if last_row else None
        return DeliveryPage(items=[_stored(row) for row in rows], next_cursor=cursor)

    async def read(self, source: str, delivery_id: str) -> StoredDelivery:
        query = select(*_SHOWN).where(deliveries.c.source == source, deliveries.c.id == delivery_id)
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise NotFound(f"There is no delivery {delivery_id} from {source}; `ccb webhooks list` shows them.")
        return _stored(row)

    async def reopen(self, source: str, delivery_id: str) -> Delivery | None:
        """Compare and swap: of many who ask at once, one gets it."""
        which = (deliveries.c.source == source, deliveries.c.id == delivery_id)
        opened = (
            update(deliveries)
            .where(*which, deliveries.c.action.in_(REPLAYABLE))
            .values(outcome=None, finished_at=None, action="waiting", attempts=deliveries.c.attempts + 1)
            .returning(*_SHOWN)
        )
        async with self._db.write() as connection:
            row = (await connection.execute(opened)).mappings().one_or_none()
        return None if row is None else _delivery(row)

    async def prune(self, *, before: datetime, limit: int = 5_000) -> int:
        """The oldest first, so many in one transaction."""
        old = (
            select(deliveries.c.source, deliveries.c.id)
            .where(deliveries.c.stored_at < before, deliveries.c.finished_at.is_not(None))
            .order_by(deliveries.c.stored_at)
            .limit(limit)
        )
        gone = delete(deliveries).where(tuple_(deliveries.c.source, deliveries.c.id).in_(old))
        async with self._db.write() as connection:
            return (await connection.execute(gone)).rowcount


def _among(query: Select[tuple[object, ...]], looked: Looked) -> Select[tuple[object, ...]]:
    if looked.source is not None:
        query = query.where(deliveries.c.source == looked.source)
    if looked.outcome is not None:
        query = query.where(deliveries.c.action == looked.outcome)
    if looked.since is not None:
        query = query.where(deliveries.c.stored_at >= looked.since)
    if looked.until is not None:
        query = query.where(deliveries.c.stored_at < looked.until)
    return query


def _delivery(row: RowMapping) -> Delivery:
    return Delivery.model_validate(row["document"] | {"attempt": row["attempts"]})


def _stored(row: RowMapping) -> StoredDelivery:
    delivery = _delivery(row)
    return StoredDelivery(
        source=delivery.source,
        id=delivery.id,
        event=delivery.event,
        received_at=delivery.received_at,
        workflow_id=ids.delivery_workflow(delivery.source, delivery.id, delivery.attempt),
        attempts=delivery.attempt,
        outcome=row["outcome"],
        finished_at=row["finished_at"],
    )
