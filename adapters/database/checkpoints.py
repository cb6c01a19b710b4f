"""What failed runs leave behind, the newest of each integration."""

from sqlalchemy import select

from adapters.database.checkpoints_tables import checkpoints
from adapters.database.engine import Database
from domain.checkpoints import Kept


class SqlCheckpoints:
    """The `Checkpoints` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def save(self, kept: Kept) -> None:
        reached = kept.checkpoint
        values = {"run_id": reached.run_id, "at": reached.at, "document": kept.model_dump(mode="json")}
        statement = self._db.insert(checkpoints).values(integration_id=reached.integration_id, **values)
        async with self._db.write() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=[checkpoints.c.integration_id], set_=values)
            )

    async def find(self, integration_id: str) -> Kept | None:
        query = select(checkpoints.c.document).where(checkpoints.c.integration_id == integration_id)
        async with self._db.read() as connection:
            document = (await connection.execute(query)).scalar_one_or_none()
        return None if document is None else Kept.model_validate(document)
