"""Who needs whom, within a transaction: written with the registry's current entries, and gone with them."""

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.dependencies_tables import dependencies
from adapters.database.tables import integrations, registry
from domain.dependencies import Dependent, Node
from domain.dependencies import dependents as who_needs
from domain.lifecycle import Stage
from domain.plan import Dependency
from domain.registry import RegistryEntry


async def follow(connection: AsyncConnection, name: str) -> None:
    """Have what is stored of all who ever bore this name be what its current entry says."""
    bearers = select(registry.c.integration_id).where(registry.c.name == name)
    await connection.execute(delete(dependencies).where(dependencies.c.integration_id.in_(bearers)))
    current = select(registry.c.document).where(registry.c.name == name, registry.c.is_current)
    document = (await connection.execute(current)).scalar_one_or_none()
    if document is None:
        return
    entry = RegistryEntry.model_validate(document)
    values = [
        {"integration_id": entry.integration_id, "depends_on": need.name, "version_range": need.version_range}
        for need in {need.name: need for need in entry.dependencies}.values()
    ]
    if values:
        await connection.execute(insert(dependencies), values)


async def forget(connection: AsyncConnection, integration_id: str) -> None:
    await connection.execute(delete(dependencies).where(dependencies.c.integration_id == integration_id))


async def living(connection: AsyncConnection, organization_id: str) -> list[Node]:
    """All that are registered, by name, with what they need."""
    mine = integrations.c.organization_id == organization_id
    wanted = (
        select(dependencies)
        .join(integrations, integrations.c.id == dependencies.c.integration_id)
        .where(mine)
        .order_by(dependencies.c.depends_on)
    )
    needs: dict[str, list[Dependency]] = {}
    for row in (await connection.execute(wanted)).mappings():
        need = Dependency(name=row["depends_on"], version_range=row["version_range"])
        needs.setdefault(row["integration_id"], []).append(need)
    entries = (
        select(registry.c.integration_id, registry.c.name, registry.c.version)
        .add_columns(integrations.c.owner_name, integrations.c.stage)
        .join(integrations, integrations.c.id == registry.c.integration_id)
        .where(mine, registry.c.is_current)
    )
    found = [
        Node(
            integration_id=row["integration_id"],
            name=row["name"],
            version=row["version"],
            owner=row["owner_name"],
            deprecated=row["stage"] == Stage.DEPRECATED,
            dependencies=needs.get(row["integration_id"], []),
        )
        for row in (await connection.execute(entries)).mappings()
    ]
    return sorted(found, key=lambda node: node.name)


async def dependents(connection: AsyncConnection, organization_id: str, name: str) -> list[Dependent]:
    nodes = await living(connection, organization_id)
    version = next((node.version for node in nodes if node.name == name), None)
    return who_needs(name, version, nodes)
