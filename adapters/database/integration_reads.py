"""The read side of the life cycle."""

from sqlalchemy import Select, String, bindparam, or_, select

from adapters.database import listing, rows
from adapters.database.audit_tables import audit
from adapters.database.engine import Database
from adapters.database.tables import events, integrations, registry, versions
from domain.audit import AuditEntry
from domain.errors import NotFound
from domain.events import Event
from domain.health import HealthState
from domain.lifecycle import Stage
from domain.listing import RegistryPage, Wanted
from domain.plan import CapabilityName
from domain.registry import Integration, Page, RegistryEntry, Version
from domain.vendors import IssueRef, TicketRef

_ALL = Wanted()
GONE = (Stage.FAILED, Stage.RETIRED)

# Asked with most requests, so they are made once: making one costs more than sending it.
_NAMED = bindparam("named", type_=String)
_FOUND = (
    select(integrations)
    .where(or_(integrations.c.id == _NAMED, integrations.c.name == _NAMED))
    .order_by(integrations.c.stage.in_(GONE), integrations.c.created_at.desc(), integrations.c.id.desc())
    .limit(1)
)
_FOUND_IN = _FOUND.where(integrations.c.organization_id == bindparam("organization", type_=String))
_VERSIONS = (
    select(versions)
    .where(versions.c.integration_id == bindparam("integration", type_=String))
    .order_by(versions.c.created_at, versions.c.version)
)
_ENTRY = select(registry).where(
    registry.c.integration_id == bindparam("integration", type_=String), registry.c.is_current
)


class IntegrationReads:
    """The questions of the `Integrations` port."""

    def __init__(self, db: Database, *, few: int = listing.FEW) -> None:
        self._db = db
        self._few = few

    async def get(self, integration_id: str) -> Integration:
        found = await self._first(select(integrations).where(integrations.c.id == integration_id))
        if found is None:
            raise NotFound(f"There is no integration {integration_id}.", integration_id=integration_id)
        return found

    async def find(self, name_or_id: str, *, organization_id: str | None = None) -> Integration:
        """With an organisation: of that one, and one of another is as one that is not there."""
        query, values = (_FOUND, {}) if organization_id is None else (_FOUND_IN, {"organization": organization_id})
        async with self._db.read() as connection:
            row = (await connection.execute(query, {"named": name_or_id, **values})).mappings().one_or_none()
        if row is None:
            raise NotFound(f"There is no integration named {name_or_id}; `ccb list` shows them all.", name=name_or_id)
        return rows.integration(row)

    async def by_pull_request(self, repo: str, number: int) -> Integration | None:
        return await self._first(
            select(integrations)
            .join(versions, versions.c.integration_id == integrations.c.id)
            .where(versions.c.pull_repository == repo.lower(), versions.c.pull_number == number)
            .order_by(versions.c.created_at.desc())
        )

    async def by_ticket(self, ticket: TicketRef) -> Integration | None:
        """The newest one that this ticket asked for."""
        return await self._first(
            select(integrations)
            .where(integrations.c.issue_key == rows.ticket_key(ticket))
            .order_by(integrations.c.created_at.desc(), integrations.c.id.desc())
        )

    async def by_issue(self, issue: IssueRef) -> Integration | None:
        """The newest one that this issue asked for."""
        return await self._first(
            select(integrations)
            .where(integrations.c.issue_key == rows.issue_key(issue))
            .order_by(integrations.c.created_at.desc(), integrations.c.id.desc())
        )

    async def page(self, *, organization_id: str, cursor: str | None, limit: int, wanted: Wanted = _ALL) -> Page:
        """Raises InvalidInput for a cursor that is not one of ours. At most 200 a page."""
        async with self._db.read() as connection:
            return await listing.page(connection, organization_id, wanted, cursor=cursor, limit=limit, most=self._few)

    async def discover(
        self,
        organization_id: str,
        *,
        capability: CapabilityName | None = None,
        version_range: str | None = None,
        health: HealthState | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> RegistryPage:
        async with self._db.read() as connection:
            return await listing.discover(
                connection,
                organization_id,
                capability=capability,
                version_range=version_range,
                health=health,
                cursor=cursor,
                limit=limit,
            )

    async def versions(self, integration_id: str) -> list[Version]:
        """Oldest first."""
        async with self._db.read() as connection:
            found = await connection.execute(_VERSIONS, {"integration": integration_id})
            return [rows.version(row) for row in found.mappings()]

    async def entry(self, integration_id: str) -> RegistryEntry | None:
        async with self._db.read() as connection:
            row = (await connection.execute(_ENTRY, {"integration": integration_id})).mappings().one_or_none()
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
        query = select(audit).where(audit.c.subject == integration_id).order_by(audit.c.sequence)
        async with self._db.read() as connection:
            return [AuditEntry.model_validate(dict(row)) for row in (await connection.execute(query)).mappings()]

    async def _first(self, query: Select[tuple[object, ...]]) -> Integration | None:
        async with self._db.read() as connection:
            row = (await connection.execute(query.limit(1))).mappings().one_or_none()
        return rows.integration(row) if row is not None else None
