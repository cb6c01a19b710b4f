"""What people say of an integration, and what it is found by: kept beside its row, in the same transaction."""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import journal, rows
from adapters.database.integration_reads import IntegrationReads
from adapters.database.journal import Change
from adapters.database.surface_tables import CAPABILITY, LABEL, REGISTERED, WORD, terms
from adapters.database.tables import registry
from domain.errors import PreconditionFailed
from domain.events import EventType
from domain.listing import About, owner_key, words
from domain.people import Actor
from domain.registry import Integration, RegistryEntry


class Describing(IntegrationReads):
    """What of the `Integrations` port is about words alone."""

    async def describe(self, integration_id: str, about: About, *, revision: int | None, by: Actor) -> Integration:
        async with self._db.write() as connection:
            row = await journal.locked(connection, integration_id)
            if revision is not None and row["revision"] != revision:
                raise PreconditionFailed(
                    f"{row['name'] or integration_id} has changed since you read it: read it again, then repeat.",
                    revision=row["revision"],
                )
            owner = about.owner or Actor.model_validate(row["requester"])
            labels = sorted(set(about.labels))
            columns = {
                "title": about.title,
                "description": about.description,
                "labels": labels,
                "owner": owner_key(owner),
                "owner_name": owner.name,
            }
            changed = [name for name, value in columns.items() if row[name] != value and name != "owner_name"]
            if not changed:
                return rows.integration(row)
            change = Change(
                key=f"describe:{row['revision']}",
                type=EventType.UPDATED,
                action="integration.describe",
                result=", ".join(changed),
                actor=by,
                metadata={"change": "describe", "fields": [*changed]},
            )
            after = await journal.write(connection, integration_id, change, columns)
            await spell(connection, integration_id, row["organization_id"], after["title"], after["name"])
            await replace(connection, integration_id, row["organization_id"], LABEL, labels)
            return rows.integration(after)


async def spell(
    connection: AsyncConnection, integration_id: str, organization_id: str, title: str, name: str | None
) -> None:
    """Have it found by the words of its title and name."""
    await replace(connection, integration_id, organization_id, WORD, words(title, name))


async def replace(
    connection: AsyncConnection,
    integration_id: str,
    organization_id: str,
    kind: str,
    found: Iterable[str],
    *,
    name: str = "",
) -> None:
    """Have these be its terms of this kind, in place of those before."""
    await connection.execute(delete(terms).where(terms.c.integration_id == integration_id, terms.c.kind == kind))
    values = [
        {
            "integration_id": integration_id,
            "organization_id": organization_id,
            "kind": kind,
            "term": term,
            "name": name,
        }
        for term in found
    ]
    if values:
        await connection.execute(insert(terms), values)


async def list_entry(connection: AsyncConnection, organization_id: str, name: str) -> None:
    """Have what is listed of all who ever bore this name be what its current entry says."""
    bearers = select(registry.c.integration_id).where(registry.c.name == name)
    mine = terms.c.kind.in_((CAPABILITY, REGISTERED)) & terms.c.integration_id.in_(bearers)
    await connection.execute(delete(terms).where(mine))
    current = select(registry.c.document).where(registry.c.name == name, registry.c.is_current)
    document = (await connection.execute(current)).scalar_one_or_none()
    if document is None:
        return
    entry = RegistryEntry.model_validate(document)
    capabilities = sorted({one.name for one in entry.capabilities})
    for kind, found in ((REGISTERED, [""]), (CAPABILITY, capabilities)):
        await replace(connection, entry.integration_id, organization_id, kind, found, name=name)
