"""The runs there are and were: written with the changes that begin and end them, in the same transaction."""

from datetime import datetime

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.engine import Database
from adapters.database.surface_tables import runs
from adapters.database.tables import integrations
from domain import ids
from domain.errors import InvalidInput
from domain.lifecycle import Operation
from domain.listing import RunPage, RunRecord, RunState
from domain.people import Actor

MAX_PAGE = 200
_UNSAID = "It did not say how it ended."


async def begun(
    connection: AsyncConnection, row: RowMapping, operation: Operation, by: Actor, at: datetime, detail: str = ""
) -> None:
    """The row's run began. One that is still noted as running has ended unseen."""
    await ended(connection, row["id"], at, failure=_UNSAID)
    values = {name: row[name] for name in ("organization_id", "workflow_id", "run_id")}
    requester = by.model_dump(mode="json")
    await connection.execute(
        insert(runs).values(
            id=ids.new("run"),
            integration_id=row["id"],
            operation=operation,
            state=RunState.RUNNING,
            requester=requester,
            detail=detail,
            started_at=at,
            **values,
        )
    )


async def ended(connection: AsyncConnection, integration_id: str, at: datetime, *, failure: str | None = None) -> None:
    state = RunState.SUCCEEDED if failure is None else RunState.FAILED
    running = (runs.c.integration_id == integration_id, runs.c.state == RunState.RUNNING)
    await connection.execute(update(runs).where(*running).values(state=state, failure=failure, ended_at=at))


class SqlRunRecords:
    """The `RunRecords` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(
        self,
        organization_id: str,
        *,
        cursor: str | None = None,
        limit: int = 50,
        state: RunState | None = None,
        operation: Operation | None = None,
        integration_id: str | None = None,
    ) -> RunPage:
        limit = max(1, min(limit, MAX_PAGE))
        given = {
            runs.c.organization_id: organization_id,
            runs.c.state: state,
            runs.c.operation: operation,
            runs.c.integration_id: integration_id,
        }
        query = select(runs, integrations.c.name).join(integrations, integrations.c.id == runs.c.integration_id)
        query = query.where(*(column == value for column, value in given.items() if value is not None))
        if cursor is not None:
            if not cursor.startswith("run_"):
                raise InvalidInput(
                    "This cursor is not one that was given out; begin again without one.", field="cursor"
                )
            query = query.where(runs.c.id < cursor)
        async with self._db.read() as connection:
            found = (await connection.execute(query.order_by(runs.c.id.desc()).limit(limit + 1))).mappings().all()
        items = [_record(row) for row in found[:limit]]
        return RunPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)


def _record(row: RowMapping) -> RunRecord:
    return RunRecord.model_validate({name: row[name] for name in RunRecord.model_fields})
