"""Incidents: opened and closed in the transaction that changes the state, acted on once."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import RowMapping, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.engine import Database
from adapters.database.health_tables import incidents
from adapters.database.integration_reads import gone
from domain import ids
from domain.errors import NotFound
from domain.health import Check, HealthState, Incident, IncidentStep, NoteAction


async def follow(db: Database, connection: AsyncConnection, check: Check, state: object) -> None:
    """Open one for an integration that is down now, close the open one of one that is healthy."""
    if state == HealthState.DOWN:
        opened = db.insert(incidents).values(
            id=ids.new("inc"),
            integration_id=check.watched.integration_id,
            version=check.watched.version,
            deployment_id=check.watched.deployment_id,
            cause=check.look.detail,
            opened_at=check.at,
            settled=False,
            steps=[],
        )
        await connection.execute(opened.on_conflict_do_nothing())
    elif state == HealthState.HEALTHY:
        is_open = (incidents.c.integration_id == check.watched.integration_id, incidents.c.closed_at.is_(None))
        await connection.execute(update(incidents).where(*is_open).values(closed_at=check.at))


async def unsettled(connection: AsyncConnection, limit: int) -> list[Incident]:
    """Oldest first."""
    query = select(incidents).where(~incidents.c.settled).order_by(incidents.c.opened_at).limit(limit)
    return _all((await connection.execute(query)).mappings().all())


async def of(connection: AsyncConnection, integration_id: str, limit: int) -> list[Incident]:
    """Newest first."""
    query = select(incidents).where(incidents.c.integration_id == integration_id)
    query = query.order_by(incidents.c.opened_at.desc()).limit(limit)
    return _all((await connection.execute(query)).mappings().all())


async def one(connection: AsyncConnection, incident_id: str, *, lock: bool = False) -> Incident:
    """Raises NotFound."""
    query = select(incidents).where(incidents.c.id == incident_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no incident {incident_id}.")
    return _incident(row)


async def note(connection: AsyncConnection, cmd: NoteAction) -> Incident:
    """Note what was done; the first note of an action stays."""
    found = await one(connection, cmd.id, lock=True)
    if found.did(cmd.action):
        return found
    steps = [*found.steps, IncidentStep(action=cmd.action, at=datetime.now(UTC), detail=cmd.detail[:1000])]
    dumped = [step.model_dump(mode="json") for step in steps]
    await connection.execute(update(incidents).where(incidents.c.id == cmd.id).values(steps=dumped))
    return found.model_copy(update={"steps": steps})


async def settle(connection: AsyncConnection, incident_id: str) -> None:
    """One that is open is not settled: it may get worse."""
    over = (incidents.c.id == incident_id, incidents.c.closed_at.is_not(None))
    await connection.execute(update(incidents).where(*over).values(settled=True))


async def prune(connection: AsyncConnection, before: datetime) -> None:
    """Forget those that were settled, and closed before; and what was left open of what serves no more."""
    settled = and_(incidents.c.settled, incidents.c.closed_at < before)
    left = and_(incidents.c.opened_at < before, gone(incidents))
    await connection.execute(delete(incidents).where(or_(settled, left)))


def _all(found: Sequence[RowMapping]) -> list[Incident]:
    return [_incident(row) for row in found]


def _incident(row: RowMapping) -> Incident:
    return Incident.model_validate(dict(row))
