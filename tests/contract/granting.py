"""Roles of an organisation's own, in tests."""

from adapters.database import Database, SqlRoles
from domain.access import Condition, Grant, Permission, RoleDefinition
from domain.ids import DEFAULT_ORGANIZATION


async def granting(database: Database, role: str, /, *permissions: Permission, **conditions: str) -> str:
    """A role that grants these under the conditions alone."""
    under = tuple(Condition(attribute=attribute, values=(value,)) for attribute, value in conditions.items())
    pairs = [permission.split(":") for permission in permissions]
    grants = tuple(Grant(resource=resource, action=action, conditions=under) for resource, action in pairs)
    await SqlRoles(database).create(DEFAULT_ORGANIZATION, RoleDefinition(name=role, permissions=grants))
    return role
