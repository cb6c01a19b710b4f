"""The read side of the life cycle."""

from sqlalchemy import ColumnElement, Select, String, Table, and_, bindparam, or_, select

from adapters.database import listing, rows
from adapters.database.audit_tables import audit
from adapters.database.engine import Database
from adapters.database.looking import Look
from adapters.database.tables import events, integrations, registry, versions
from domain.audit import AuditEntry
from domain.errors import NotFound
from domain.events import Event
from domain.health import HealthState
from domain.lifecycle import Stage
from domain.listing import RegistryPage, Wanted
from domain.plan import CapabilityName
from domain.registry import Integration, IntegrationDetail, Page, RegistryEntry, Version
from domain.vendors import IssueRef, TicketRef

_ALL = Wanted()
GONE = (Stage.FAILED, Stage.RETIRED)

# Asked with most requests, so they are made once: making one costs more than sending it.
_GONE = or_(*(integrations.c.stage == stage for stage in GONE))
_NAMED = bindparam("named", type_=String)
_FOUND = (
    select(integrations)
    .where(or_(integrations.c.id == _NAMED, integrations.c.name == _NAMED))
    .order_by(_GONE, integrations.c.created_at.desc(), integrations.c.id.desc())
    .limit(1)
)
_FOUND_IN = _FOUND.where(integrations.c.organization_id == bindparam("organization", type_=String))
_ANYWHERE, _IN = Look(_FOUND), Look(_FOUND_IN)
_VERSIONS = Look(
    select(versions)
    .where(versions.c.integration_id == bindparam("integration", type_=String))
    .order_by(versions.c.created_at, versions.c.version)
)
_ENTRY = Look(
    select(registry).where(registry.c.integration_id == bindparam("integration", type_=String), registry.c.is_current)
)
_ONE = _FOUND_IN.subquery("one")
# A row for each version, and one without where there is none.
_DETAIL = Look(
    select(
        _ONE,
        versions.c.document.label("made"),
        versions.c.created_at.label("made_at"),
        registry.c.document.label("registered"),
        registry.c.registered_at,
    )
    .select_from(_ONE)
    .outerjoin(versions, versions.c.integration_id == _ONE.c.id)
    .outerjoin(registry, and_(registry.c.integration_id == _ONE.c.id, registry.c.is_current))
    .order_by(versions.c.created_at, versions.c.version)
)


def gone(table: Table) -> ColumnElement[bool]:
    """Of rows by `integration_id`: those of integrations that are not registered, so that nothing of them serves."""
    serving = select(registry.c.integration_id).where(registry.c.is_current)
    return table.c.integration_id.not_in(serving)


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
        if organization_id is None:
            found = await self._db.look(_ANYWHERE, named=name_or_id)
        else:
            found = await self._db.look(_IN, named=name_or_id, organization=organization_id)
        if not found:
            raise _unknown(name_or_id)
        return rows.integration(found[0])

    async def detail(self, name_or_id: str, *, organization_id: str) -> IntegrationDetail:
        found = await self._db.look(_DETAIL, named=name_or_id, organization=organization_id)
        if not found:
            raise _unknown(name_or_id)
        return rows.detail(found)

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
        if wanted == Wanted(sort=wanted.sort):
            return await listing.whole(self._db, organization_id, wanted.sort, cursor=cursor, limit=limit)
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
        return [rows.version(row) for row in await self._db.look(_VERSIONS, integration=integration_id)]

    async def entry(self, integration_id: str) -> RegistryEntry | None:
        found = await self._db.look(_ENTRY, integration=integration_id)
        return rows.registry_entry(found[0]) if found else None

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


def _unknown(named: str) -> NotFound:
    return NotFound(f"There is no integration named {named}; `ccb list` shows them all.", name=named)
