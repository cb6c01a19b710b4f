"""What the newest look at each outside API's document found."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, delete, select, update

from adapters.database import rows
from adapters.database.drift_tables import drift
from adapters.database.engine import Database
from adapters.database.integration_reads import GONE, gone
from adapters.database.tables import integrations, registry, versions
from domain.drift import Drift, DriftFound, DriftPage, DriftWatched


class SqlDrift:
    """The `DriftBook` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, *, cursor: str | None, limit: int) -> DriftPage:
        same = and_(versions.c.integration_id == registry.c.integration_id, versions.c.version == registry.c.version)
        query = (
            select(versions.c.document, versions.c.created_at, registry.c.name, registry.c.integration_id)
            .join(registry, same)
            .join(integrations, integrations.c.id == registry.c.integration_id)
            .where(registry.c.is_current, integrations.c.stage.not_in(GONE), registry.c.integration_id > (cursor or ""))
            .order_by(registry.c.integration_id)
            .limit(limit)
        )
        async with self._db.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        items = []
        for row in found:
            version = rows.version(row)
            if version.document is not None and version.source is not None and version.source.url is not None:
                items.append(
                    DriftWatched(
                        integration_id=version.integration_id,
                        name=row["name"],
                        version=version.version,
                        url=version.source.url,
                        document=version.document,
                        plan=version.plan,
                    )
                )
        return DriftPage(items=items, next_cursor=found[-1]["integration_id"] if len(found) == limit else None)

    async def record(self, found: DriftFound) -> Drift:
        read = found.document_hash is not None
        values = {
            "version": found.version,
            "checked_at": found.at,
            "differences": [one.model_dump(mode="json") for one in found.differences],
            "unreachable_since": None if read else found.at,
            "error": found.error,
        }
        insert = self._db.insert(drift).values(
            integration_id=found.integration_id, document_hash=found.document_hash, **values
        )
        new = insert.excluded
        if read:
            changed: dict[str, Any] = {name: new[name] for name in (*values, "document_hash")} | {"told_at": None}
        else:
            # What was found before is still the newest that is known.
            since = case((drift.c.unreachable_since.is_(None), new.unreachable_since), else_=drift.c.unreachable_since)
            changed = {"checked_at": new.checked_at, "error": new.error, "unreachable_since": since}
        put = insert.on_conflict_do_update(index_elements=[drift.c.integration_id], set_=changed).returning(drift)
        async with self._db.write() as connection:
            row = (await connection.execute(put)).mappings().one()
        return Drift.model_validate(dict(row))

    async def acted(self, integration_id: str, document_hash: str, run: str) -> None:
        mine = update(drift).where(drift.c.integration_id == integration_id)
        async with self._db.write() as connection:
            await connection.execute(mine.values(acted_on=document_hash, update_run=run))

    async def told(self, integration_id: str) -> None:
        """As of the look that found it unreachable for too long."""
        mine = update(drift).where(drift.c.integration_id == integration_id, drift.c.told_at.is_(None))
        async with self._db.write() as connection:
            await connection.execute(mine.values(told_at=drift.c.checked_at))

    async def prune(self, before: datetime) -> None:
        async with self._db.write() as connection:
            await connection.execute(delete(drift).where(drift.c.checked_at < before, gone(drift)))

    async def read(self, integration_id: str) -> Drift | None:
        query = select(drift).where(drift.c.integration_id == integration_id)
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return Drift.model_validate(dict(row)) if row is not None else None
