"""Where the code host's App is installed, as its webhooks said. Word that comes late changes nothing."""

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.deliveries_tables import installations, installed_repositories
from adapters.database.engine import Database
from domain.installations import InstallationChange, InstallationState

_STATES = {"added": "active", "removed": "removed"}


class SqlInstallations:
    """The `Installations` port. An installation that was removed never comes back: GitHub gives a new one a new id."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def record(self, change: InstallationChange) -> None:
        async with self._db.write() as connection:
            if change.state is not None:
                row = {"id": change.installation_id, "account": change.account, "state": change.state}
                await self._upsert(connection, installations, row, change)
            for what, names in (("added", change.added), ("removed", change.removed)):
                for name in sorted(set(names)):
                    row = {"repository": name.lower(), "installation_id": change.installation_id}
                    await self._upsert(connection, installed_repositories, row | {"state": _STATES[what]}, change)

    async def _upsert(
        self, connection: AsyncConnection, table: Table, row: dict[str, object], change: InstallationChange
    ) -> None:
        values = row | {"changed_at": change.at}
        newer = table.c.changed_at <= change.at
        if table is installations:
            newer &= table.c.state != "removed"
        statement = self._db.insert(table).values(values)
        keys = [column.name for column in table.primary_key]
        changed = {name: value for name, value in values.items() if name not in keys}
        await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed, where=newer))

    async def why_not(self, repo: str) -> str | None:
        query = (
            select(
                installed_repositories.c.installation_id,
                installed_repositories.c.state,
                installations.c.state.label("of_installation"),
            )
            .outerjoin(installations, installations.c.id == installed_repositories.c.installation_id)
            .where(installed_repositories.c.repository == repo.lower())
            .order_by(installed_repositories.c.changed_at.desc())
        )
        async with self._db.read() as connection:
            found = (await connection.execute(query)).all()
        said = [_why(repo, row.installation_id, row.state, row.of_installation) for row in found]
        return said[0] if said and None not in said else None


def _why(repo: str, number: int, state: str, of_installation: InstallationState | None) -> str | None:
    if of_installation == "suspended":
        return f"The GitHub App's installation {number} for {repo} is suspended: its owner has to let it go on."
    if of_installation == "removed":
        return f"The GitHub App was uninstalled where {repo} is (installation {number}): install it there again."
    if state == "removed":
        return f"{repo} was taken out of the GitHub App's installation {number}: add it there again."
    return None
