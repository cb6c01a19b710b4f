"""Names of living integrations: unique, by a constraint; the next free number when one is taken."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import journal
from adapters.database.describing import spell
from adapters.database.engine import Database
from adapters.database.journal import Change
from adapters.database.tables import LIVING, integrations
from domain.errors import Conflict, NameTaken
from domain.events import EventType

MAX_NAME = 50


async def claim(connection: AsyncConnection, integration_id: str, name: str) -> str:
    """Give the integration the first free name of `name`, `name-2`, `name-3` … and return it."""
    taken = await _names_like(connection, name)
    number = 0
    while True:
        number += 1
        candidate = numbered(name, number)
        if candidate in taken:
            continue
        change = Change(key="claim_name", type=EventType.UPDATED, action="integration.claim_name", result=candidate)
        try:
            async with connection.begin_nested():
                named = {"name": candidate, "sort_name": candidate}
                row = await journal.write(connection, integration_id, change, named)
                await spell(connection, integration_id, row["organization_id"], row["title"], candidate)
        except IntegrityError:
            # Another run took it since; only the name is unique among what is written here.
            taken.add(candidate)
        else:
            return candidate


def numbered(name: str, number: int) -> str:
    """`name`, or `name-2` and so on, cut so that it stays a name."""
    if number == 1:
        return name
    suffix = f"-{number}"
    return name[: MAX_NAME - len(suffix)].rstrip("-") + suffix


async def _names_like(connection: AsyncConnection, name: str) -> set[str]:
    """Living names that begin as the numbered forms of `name` do."""
    stem = name[: MAX_NAME - 8].rstrip("-")
    query = select(integrations.c.name).where(integrations.c.name.startswith(stem, autoescape=True), LIVING)
    return {str(found) for found in (await connection.execute(query)).scalars()}


async def refused(db: Database, name: str | None, organization_id: str, error: Conflict) -> None:
    """Raise NameTaken if a unique name is what the database refused. Who has it elsewhere is not told."""
    if name is None or not isinstance(error.__cause__, IntegrityError):
        return
    query = select(integrations.c.id, integrations.c.organization_id).where(integrations.c.name == name, LIVING)
    async with db.read() as connection:
        holder = (await connection.execute(query)).one_or_none()
    if holder is None:
        return
    if holder.organization_id != organization_id:
        raise NameTaken(f"The name {name} is taken: choose another.", name=name) from error
    raise NameTaken(
        f"An integration named {name} already exists ({holder.id}); choose another name or update that one.",
        name=name,
        integration_id=holder.id,
    ) from error
