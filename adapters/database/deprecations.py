"""What is to end, in the database: it outlives the run that announced it, so that it can be taken back."""

from sqlalchemy import delete, select

from adapters.database import journal
from adapters.database.dependencies_tables import deprecations
from adapters.database.engine import Database
from adapters.database.registering import updated
from domain.retirement import Deprecation


class SqlDeprecations:
    """The `Deprecations` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def record(self, deprecation: Deprecation) -> None:
        document = deprecation.model_dump(mode="json")
        values = {"deprecated_at": deprecation.notice.deprecated_at, "document": document}
        mine = deprecations.c.integration_id == deprecation.integration_id
        statement = self._db.insert(deprecations).values(integration_id=deprecation.integration_id, **values)
        async with self._db.write() as connection:
            row = await journal.locked(connection, deprecation.integration_id)
            query = select(deprecations.c.document).where(mine)
            if (await connection.execute(query)).scalar_one_or_none() == document:
                return
            same = [deprecations.c.integration_id]
            await connection.execute(statement.on_conflict_do_update(index_elements=same, set_=values))
            change = updated("deprecate", row["version"] or "", row["revision"])
            said = {"actor": deprecation.by, "detail": deprecation.reason}
            await journal.write(connection, deprecation.integration_id, change.model_copy(update=said))

    async def find(self, integration_id: str) -> Deprecation | None:
        query = select(deprecations.c.document).where(deprecations.c.integration_id == integration_id)
        async with self._db.read() as connection:
            document = (await connection.execute(query)).scalar_one_or_none()
        return None if document is None else Deprecation.model_validate(document)

    async def forget(self, integration_id: str) -> None:
        async with self._db.write() as connection:
            row = await journal.locked(connection, integration_id)
            gone = await connection.execute(delete(deprecations).where(deprecations.c.integration_id == integration_id))
            if gone.rowcount:
                change = updated("undeprecate", row["version"] or "", row["revision"])
                await journal.write(connection, integration_id, change)
