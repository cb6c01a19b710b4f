"""The registry in the database: entries come and go with what they depend on, in one transaction.

All who change it take turns, so that what is checked of others holds when it is written.
"""

from datetime import UTC, datetime

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import dependencies, journal
from adapters.database.describing import Describing, list_entry
from adapters.database.journal import Change
from adapters.database.tables import registry
from domain.dependencies import Dependent, Node, check
from domain.errors import StillNeeded
from domain.events import EventType
from domain.people import Actor
from domain.registry import RegistryEntry

_TURN = 0x63636272
"""Key of PostgreSQL's advisory lock: "ccbr"."""


class Registering(Describing):
    """Registering and deregistering of the `Integrations` port, and the port `Dependencies`."""

    async def register(self, entry: RegistryEntry, *, forced: bool = False) -> None:
        values = {"name": entry.name, "document": entry.model_dump(mode="json", exclude={"registered_at"})}
        statement = self._db.insert(registry).values(
            integration_id=entry.integration_id,
            version=entry.version,
            is_current=True,
            registered_at=entry.registered_at or datetime.now(UTC),
            **values,
        )
        async with self._db.write() as connection:
            row = await journal.locked(connection, entry.integration_id)
            before = (await connection.execute(_entry_of(entry.integration_id, entry.version))).mappings().one_or_none()
            if before is not None and before["is_current"] and before["document"] == values["document"]:
                return
            await _turn(connection)
            if not forced:
                check(_node(entry), await dependencies.living(connection, row["organization_id"]))
            others = (registry.c.integration_id == entry.integration_id) | (registry.c.name == entry.name)
            await connection.execute(update(registry).where(others).values(is_current=False))
            same = [registry.c.integration_id, registry.c.version]
            await connection.execute(
                statement.on_conflict_do_update(index_elements=same, set_=values | {"is_current": True})
            )
            await dependencies.follow(connection, entry.name)
            await list_entry(connection, row["organization_id"], entry.name)
            await journal.write(connection, entry.integration_id, updated("register", entry.version, row["revision"]))

    async def deregister(self, integration_id: str, version: str) -> None:
        """Remove the entry; the integration's entry before it, if there is one, is the current one again."""
        async with self._db.write() as connection:
            row = await journal.locked(connection, integration_id)
            await _turn(connection)
            gone = await connection.execute(
                delete(registry)
                .where(registry.c.integration_id == integration_id, registry.c.version == version)
                .returning(registry.c.is_current, registry.c.name)
            )
            found = gone.one_or_none()
            if found is None:
                return
            was_current, name = found
            if was_current:
                newest = (
                    select(registry.c.version)
                    .where(registry.c.integration_id == integration_id)
                    .order_by(registry.c.registered_at.desc())
                    .limit(1)
                )
                await connection.execute(
                    update(registry)
                    .where(registry.c.integration_id == integration_id, registry.c.version == newest.scalar_subquery())
                    .values(is_current=True)
                )
                await dependencies.forget(connection, integration_id)
                await dependencies.follow(connection, name)
                await list_entry(connection, row["organization_id"], name)
            await journal.write(connection, integration_id, updated("deregister", version, row["revision"]))

    async def withdraw(self, integration_id: str, *, forced: bool = False, actor: Actor) -> None:
        async with self._db.write() as connection:
            row = await journal.locked(connection, integration_id)
            await _turn(connection)
            current = (registry.c.integration_id == integration_id) & registry.c.is_current
            name = (await connection.execute(select(registry.c.name).where(current))).scalar_one_or_none()
            if name is None:
                return
            needed = await dependencies.dependents(connection, row["organization_id"], name)
            if needed and not forced:
                who = ", ".join(one.name for one in needed)
                raise StillNeeded(f"{name} is needed by {who}.", dependents=[one.name for one in needed])
            await connection.execute(update(registry).where(current).values(is_current=False))
            await dependencies.forget(connection, integration_id)
            await list_entry(connection, row["organization_id"], name)
            change = updated("withdraw", row["version"] or name, row["revision"]).model_copy(update={"actor": actor})
            await journal.write(connection, integration_id, change)

    async def living(self, organization_id: str) -> list[Node]:
        async with self._db.read() as connection:
            return await dependencies.living(connection, organization_id)

    async def dependents(self, integration_id: str) -> list[Dependent]:
        found = await self.get(integration_id)
        async with self._db.read() as connection:
            current = select(registry.c.name).where(registry.c.integration_id == integration_id, registry.c.is_current)
            name = (await connection.execute(current)).scalar_one_or_none()
            if name is None:
                return []
            return await dependencies.dependents(connection, found.organization_id, name)


async def _turn(connection: AsyncConnection) -> None:
    """Wait until it is this transaction's turn, and keep it until it ends. SQLite's transactions take turns anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(_TURN)))


def _node(entry: RegistryEntry) -> Node:
    return Node(
        integration_id=entry.integration_id, name=entry.name, version=entry.version, dependencies=entry.dependencies
    )


def _entry_of(integration_id: str, version: str) -> Select[tuple[object, ...]]:
    return select(registry).where(registry.c.integration_id == integration_id, registry.c.version == version)


def updated(action: str, version: str, revision: int) -> Change:
    """A change that its own row makes safe to repeat; the revision makes its key unique."""
    return Change(
        key=f"{action}:{version}:{revision}",
        type=EventType.UPDATED,
        action=f"integration.{action}",
        result=version,
        metadata={"version": version, "change": action},
    )
