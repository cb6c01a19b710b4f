"""The webhook inbox, and the keys that make requests to the API safe to repeat."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from adapters.database.engine import Database
from adapters.database.tables import deliveries, idempotency_keys
from domain.errors import Conflict
from domain.runs import Delivery, DeliveryOutcome


class SqlDeliveries:
    """The `Deliveries` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def store(self, delivery: Delivery) -> bool:
        statement = self._db.insert(deliveries).values(
            source=delivery.source,
            id=delivery.id,
            stored_at=datetime.now(UTC),
            document=delivery.model_dump(mode="json"),
        )
        async with self._db.write() as connection:
            stored = await connection.execute(statement.on_conflict_do_nothing().returning(deliveries.c.id))
            return stored.first() is not None

    async def finish(self, source: str, delivery_id: str, outcome: DeliveryOutcome) -> None:
        """The first outcome stays."""
        waiting = (deliveries.c.source == source, deliveries.c.id == delivery_id, deliveries.c.finished_at.is_(None))
        finished = update(deliveries).where(*waiting)
        async with self._db.write() as connection:
            await connection.execute(
                finished.values(outcome=outcome.model_dump(mode="json"), finished_at=datetime.now(UTC))
            )

    async def unfinished(self, *, older_than_seconds: float) -> list[Delivery]:
        """Oldest first."""
        before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
        query = (
            select(deliveries.c.document)
            .where(deliveries.c.finished_at.is_(None), deliveries.c.stored_at <= before)
            .order_by(deliveries.c.stored_at)
        )
        async with self._db.read() as connection:
            return [Delivery.model_validate(found) for found in (await connection.execute(query)).scalars()]

    async def idempotent(self, scope: str, key: str, body_hash: str, integration_id: str) -> str:
        statement = self._db.insert(idempotency_keys).values(
            scope=scope, key=key, body_hash=body_hash, integration_id=integration_id, created_at=datetime.now(UTC)
        )
        query = select(idempotency_keys).where(idempotency_keys.c.scope == scope, idempotency_keys.c.key == key)
        async with self._db.write() as connection:
            await connection.execute(statement.on_conflict_do_nothing())
            first = (await connection.execute(query)).one()
        if first.body_hash != body_hash:
            raise Conflict(
                "This Idempotency-Key was used for another request; use a new key for a new request.", key=key
            )
        return str(first.integration_id)
