"""What every change of an integration writes beside its row: an event and an audit entry, in the same transaction."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import Field, JsonValue
from sqlalchemy import RowMapping, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import auditing
from adapters.database.tables import events, integrations
from domain import ids
from domain.audit import Deed
from domain.base import Data
from domain.deployments import Elsewhere
from domain.errors import NotFound
from domain.events import EventType
from domain.lifecycle import Stage
from domain.people import Actor, Channel

_TYPES = {Stage.ACTIVE: EventType.ACTIVATED, Stage.FAILED: EventType.FAILED}
SYSTEM = Actor(channel=Channel.API, name="ccb", bot=True)


class Change(Data):
    """What is written about a change. `key` is unique for the integration: the same key is the same change."""

    key: str
    type: EventType
    action: str
    result: str
    actor: Actor = SYSTEM
    detail: str = ""
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


def entering(
    stage: Stage,
    *,
    key: str,
    actor: Actor | None,
    detail: str,
    url: str | None,
    returning: bool,
    elsewhere: Elsewhere | None,
) -> Change:
    """Entering a stage. What serves elsewhere than in production does not make the integration active: it was that."""
    kind = EventType.STAGE_CHANGED if elsewhere else _TYPES.get(stage, EventType.STAGE_CHANGED)
    return Change(
        key=f"enter:{key}",
        type=EventType.RUN_FAILED if returning else kind,
        action="integration.enter",
        result=stage,
        actor=actor or SYSTEM,
        detail=detail,
        metadata={"detail": detail, "url": url} | (elsewhere.model_dump(mode="json") if elsewhere else {}),
    )


async def locked(connection: AsyncConnection, integration_id: str) -> RowMapping:
    """The integration's row, locked until the transaction ends, so that its changes come one after another.

    SQLite has no row locks and needs none: its transactions hold the only write lock. Raises NotFound.
    """
    query = select(integrations).where(integrations.c.id == integration_id).with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no integration {integration_id}.", integration_id=integration_id)
    return row


async def written(connection: AsyncConnection, integration_id: str, key: str) -> bool:
    """Whether the change of this key has been made. Ask under `locked`."""
    query = select(exists().where(events.c.integration_id == integration_id, events.c.key == key))
    return bool((await connection.execute(query)).scalar_one())


async def noted(connection: AsyncConnection, integration_id: str, key: str) -> Mapping[str, JsonValue] | None:
    """What the event of this change says of it; None if the change has not been made. Ask under `locked`."""
    query = select(events.c.data).where(events.c.integration_id == integration_id, events.c.key == key)
    data = (await connection.execute(query)).scalar_one_or_none()
    return None if data is None else data["metadata"]


async def write(
    connection: AsyncConnection, integration_id: str, change: Change, columns: Mapping[str, object] | None = None
) -> RowMapping:
    """Set `columns` on the integration's row and write the event and the audit entry; returns the new row."""
    now = datetime.now(UTC)
    changed = (
        update(integrations)
        .where(integrations.c.id == integration_id)
        .values(
            revision=integrations.c.revision + 1,
            last_sequence=integrations.c.last_sequence + 1,
            updated_at=now,
            **(columns or {}),
        )
        .returning(integrations)
    )
    row: RowMapping = (await connection.execute(changed)).mappings().one()
    await append(connection, row, change, now)
    return row


async def append(connection: AsyncConnection, row: RowMapping, change: Change, now: datetime) -> None:
    """The event, with the row's `last_sequence`, and the audit entry."""
    about: dict[str, JsonValue] = {
        "organization_id": row["organization_id"],
        "name": row["name"],
        "stage": row["stage"],
    }
    data = {
        "integration_id": row["id"],
        "user_id": change.actor.person_id,
        "metadata": about | {"actor": change.actor.name, "channel": change.actor.channel} | change.metadata,
    }
    await connection.execute(
        insert(events).values(
            id=ids.new("evt"),
            integration_id=row["id"],
            sequence=row["last_sequence"],
            key=change.key,
            type=change.type,
            time=now,
            data=data,
        )
    )
    deed = Deed(
        organization_id=row["organization_id"],
        at=now,
        actor=change.actor,
        action=change.action,
        subject=row["id"],
        result=change.result,
        detail=change.detail,
    )
    auditing.note(connection, deed)
