"""Roles of an organisation's own; those built in are in the domain."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapters.database.access_tables import invitations, memberships, roles
from adapters.database.engine import Database
from domain.access import BUILT_IN, RoleDefinition
from domain.errors import Conflict, NotFound


class SqlRoles:
    """The `Roles` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list(self, organization_id: str) -> "list[RoleDefinition]":
        query = select(roles).where(roles.c.organization_id == organization_id).order_by(roles.c.name)
        async with self._db.read() as connection:
            return [_role(row) for row in (await connection.execute(query)).mappings()]

    async def get(self, organization_id: str, name: str) -> RoleDefinition:
        if name in BUILT_IN:
            return BUILT_IN[name]
        query = select(roles).where(roles.c.organization_id == organization_id, roles.c.name == name)
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise _none(name)
        return _role(row)

    async def create(self, organization_id: str, role: RoleDefinition) -> None:
        try:
            async with self._db.write() as connection:
                values = {"organization_id": organization_id, "name": role.name, **_values(role)}
                await connection.execute(insert(roles).values(values))
        except Conflict as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise Conflict(f"There is a role {role.name} already; PUT it to replace it.", name=role.name) from error

    async def replace(self, organization_id: str, role: RoleDefinition) -> None:
        mine = (roles.c.organization_id == organization_id, roles.c.name == role.name)
        async with self._db.write() as connection:
            changed = await connection.execute(update(roles).where(*mine).values(_values(role)))
        if not changed.rowcount:
            raise _none(role.name)

    async def delete(self, organization_id: str, name: str) -> None:
        async with self._db.write() as connection:
            for table, held in ((memberships, "somebody has it"), (invitations, "somebody is invited to it")):
                query = select(table.c.role).where(table.c.organization_id == organization_id, table.c.role == name)
                if table is invitations:
                    query = query.where(table.c.accepted_by.is_(None), table.c.expires_at > datetime.now(UTC))
                if await connection.scalar(query.limit(1)) is not None:
                    raise Conflict(f"The role {name} cannot be removed: {held}.", name=name)
            mine = (roles.c.organization_id == organization_id, roles.c.name == name)
            gone = await connection.execute(delete(roles).where(*mine))
        if not gone.rowcount:
            raise _none(name)


def _values(role: RoleDefinition) -> Mapping[str, object]:
    grants = [grant.model_dump(mode="json") for grant in role.permissions]
    return {"permissions": grants, "updated_at": datetime.now(UTC)}


def _none(name: str) -> NotFound:
    return NotFound(f"There is no role {name}; GET /api/v1/roles lists them.", name=name)


def _role(row: RowMapping) -> RoleDefinition:
    return RoleDefinition.model_validate({"name": row["name"], "permissions": row["permissions"]})
