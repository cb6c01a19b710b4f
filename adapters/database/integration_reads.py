"""The read side of the life cycle."""

import base64
import binascii
import json
from datetime import datetime

from sqlalchemy import Select, and_, or_, select

from adapters.database import rows
from adapters.database.engine import Database
from adapters.database.health_tables import health as watched
from adapters.database.tables import audit, events, integrations, registry, versions
from domain.errors import InvalidInput, NotFound
from domain.events import Event
from domain.health import HealthState
from domain.lifecycle import Stage
from domain.registry import AuditEntry, Integration, Page, RegistryEntry, Version
from domain.vendors import IssueRef

MAX_PAGE = 200
GONE = (Stage.FAILED, Stage.RETIRED)


class IntegrationReads:
    """The questions of the `Integrations` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, integration_id: str) -> Integration:
        found = await self._first(select(integrations).where(integrations.c.id == integration_id))
        if found is None:
            raise NotFound(f"There is no integration {integration_id}.", integration_id=integration_id)
        return found

    async def find(self, name_or_id: str) -> Integration:
        query = (
            select(integrations)
            .where(or_(integrations.c.id == name_or_id, integrations.c.name == name_or_id))
            .order_by(integrations.c.stage.in_(GONE), integrations.c.created_at.desc(), integrations.c.id.desc())
        )
        found = await self._first(query)
        if found is None:
            raise NotFound(f"There is no integration named {name_or_id}; `ccb list` shows them all.", name=name_or_id)
        return found

    async def by_pull_request(self, repo: str, number: int) -> Integration | None:
        return await self._first(
            select(integrations)
            .join(versions, versions.c.integration_id == integrations.c.id)
            .where(versions.c.pull_repository == repo.lower(), versions.c.pull_number == number)
            .order_by(versions.c.created_at.desc())
        )

    async def by_issue(self, issue: IssueRef) -> Integration | None:
        """The newest one that this issue asked for."""
        return await self._first(
            select(integrations)
            .where(integrations.c.issue_key == rows.issue_key(issue))
            .order_by(integrations.c.created_at.desc(), integrations.c.id.desc())
        )

    async def page(
        self,
        *,
        organization_id: str,
        cursor: str | None,
        limit: int,
        stage: Stage | None = None,
        health: HealthState | None = None,
    ) -> Page:
        """Raises InvalidInput for a cursor that is not one of ours. At most 200 a page."""
        limit = max(1, min(limit, MAX_PAGE))
        query = select(integrations).where(integrations.c.organization_id == organization_id)
        if stage is not None:
            query = query.where(integrations.c.stage == stage)
        if health is not None:
            so = select(watched.c.integration_id).where(watched.c.state == health)
            query = query.where(integrations.c.id.in_(so))
        if cursor is not None:
            at, last = _opened(cursor)
            same = and_(integrations.c.created_at == at, integrations.c.id < last)
            query = query.where(or_(integrations.c.created_at < at, same))
        query = query.order_by(integrations.c.created_at.desc(), integrations.c.id.desc()).limit(limit + 1)
        async with self._db.read() as connection:
            found = [rows.integration(row) for row in (await connection.execute(query)).mappings()]
        items = found[:limit]
        return Page(items=items, next_cursor=_cursor(items[-1]) if len(found) > limit else None)

    async def versions(self, integration_id: str) -> list[Version]:
        """Oldest first."""
        query = (
            select(versions)
            .where(versions.c.integration_id == integration_id)
            .order_by(versions.c.created_at, versions.c.version)
        )
        async with self._db.read() as connection:
            return [rows.version(row) for row in (await connection.execute(query)).mappings()]

    async def entry(self, integration_id: str) -> RegistryEntry | None:
        query = select(registry).where(registry.c.integration_id == integration_id, registry.c.is_current)
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return rows.registry_entry(row) if row is not None else None

    async def catalogue(self, organization_id: str, *, limit: int) -> list[RegistryEntry]:
        query = (
            select(registry)
            .join(integrations, integrations.c.id == registry.c.integration_id)
            .where(integrations.c.organization_id == organization_id, registry.c.is_current)
            .order_by(registry.c.registered_at.desc(), registry.c.name)
            .limit(limit)
        )
        async with self._db.read() as connection:
            found = [rows.registry_entry(row) for row in (await connection.execute(query)).mappings()]
        return sorted(found, key=lambda entry: entry.name)

    async def failed(self, organization_id: str, *, name: str | None, api_host: str, limit: int) -> list[Integration]:
        same = integrations.c.api_host == api_host
        if name is not None:
            same = or_(same, integrations.c.name == name)
        query = (
            select(integrations)
            .where(integrations.c.organization_id == organization_id, integrations.c.stage == Stage.FAILED, same)
            .order_by(integrations.c.updated_at.desc(), integrations.c.id.desc())
            .limit(limit)
        )
        async with self._db.read() as connection:
            return [rows.integration(row) for row in (await connection.execute(query)).mappings()]

    async def events(self, integration_id: str, *, after: int = 0) -> list[Event]:
        query = (
            select(events)
            .where(events.c.integration_id == integration_id, events.c.sequence > after)
            .order_by(events.c.sequence)
        )
        async with self._db.read() as connection:
            return [rows.event(row) for row in (await connection.execute(query)).mappings()]

    async def audit(self, integration_id: str) -> list[AuditEntry]:
        """In the order they happened."""
        query = select(audit).where(audit.c.integration_id == integration_id).order_by(audit.c.position)
        async with self._db.read() as connection:
            return [rows.audit_entry(row) for row in (await connection.execute(query)).mappings()]

    async def _first(self, query: Select[tuple[object, ...]]) -> Integration | None:
        async with self._db.read() as connection:
            row = (await connection.execute(query.limit(1))).mappings().one_or_none()
        return rows.integration(row) if row is not None else None


def _cursor(last: Integration) -> str:
    return base64.urlsafe_b64encode(json.dumps([last.created_at.isoformat(), last.id]).encode()).decode()


def _opened(cursor: str) -> tuple[datetime, str]:
    try:
        at, last = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
    except (binascii.Error, ValueError, TypeError) as error:
        raise _not_a_cursor() from error
    if moment.tzinfo is None or not isinstance(last, str):
        raise _not_a_cursor()
    return moment, last


def _not_a_cursor() -> InvalidInput:
    return InvalidInput("This cursor is not one that was given out; begin again without one.", field="cursor")
