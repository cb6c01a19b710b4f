"""Roles: those built in, and an organisation's own."""

from typing import Annotated

from fastapi import APIRouter, Path, status
from pydantic import Field

from api.problems import documented
from api.rights import may_grant
from api.security import Caller, needs
from api.services import Wired
from domain.access import BUILT_IN, Attribute, NewRole, Permission, RoleDefinition
from domain.base import Data
from domain.errors import Conflict, NotFound
from domain.people import CustomRole

router = APIRouter(prefix="/api/v1/roles", tags=["roles"])
permissions = APIRouter(prefix="/api/v1/permissions", tags=["roles"])

RoleNamed = Annotated[CustomRole, Path(description="Which role.", examples=["deployers"])]


class NamedRole(NewRole):
    """A role to be made."""

    name: CustomRole = Field(examples=["deployers"])


class PermissionView(Data):
    """Something that can be allowed, the attributes that its conditions can ask for, and who of those built in may."""

    resource: str
    action: str
    conditions: list[str]
    roles: list[str]


@permissions.get("", responses=documented())
async def list_permissions(_caller: Caller) -> list[PermissionView]:
    """All permissions there are."""
    return [
        PermissionView(
            resource=one.partition(":")[0],
            action=one.partition(":")[2],
            conditions=list(Attribute),
            roles=[name for name, role in BUILT_IN.items() if one in {grant.permission for grant in role.permissions}],
        )
        for one in Permission
    ]


@router.get("", dependencies=[needs(Permission.ROLES_READ)], responses=documented())
async def list_roles(caller: Caller, services: Wired) -> list[RoleDefinition]:
    """The roles that can be given in this organisation: those built in, then its own."""
    return [*BUILT_IN.values(), *await services.roles.list(caller.organization_id)]


@router.get("/{role}", dependencies=[needs(Permission.ROLES_READ)], responses=documented(NotFound))
async def read_role(role: RoleNamed, caller: Caller, services: Wired) -> RoleDefinition:
    """One role."""
    return await services.roles.get(caller.organization_id, role)


@router.post(
    "",
    dependencies=[needs(Permission.ROLES_UPDATE)],
    status_code=status.HTTP_201_CREATED,
    responses=documented(Conflict),
)
async def create_role(body: NamedRole, caller: Caller, services: Wired) -> RoleDefinition:
    """Make a role of the organisation's own, of permissions that you have yourself."""
    _changeable(body.name)
    made = _allowed(caller, body.name, body)
    await services.roles.create(caller.organization_id, made)
    return made


@router.put("/{role}", dependencies=[needs(Permission.ROLES_UPDATE)], responses=documented(NotFound, Conflict))
async def replace_role(role: RoleNamed, body: NewRole, caller: Caller, services: Wired) -> RoleDefinition:
    """Have a role of the organisation's own allow something else, from the next request of whoever has it on."""
    _changeable(role)
    former = await services.roles.get(caller.organization_id, role)
    may_grant(caller, former.permissions, what=f"the role {role}")
    made = _allowed(caller, role, body)
    await services.roles.replace(caller.organization_id, made)
    return made


@router.delete(
    "/{role}",
    dependencies=[needs(Permission.ROLES_UPDATE)],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(NotFound, Conflict),
)
async def delete_role(role: RoleNamed, caller: Caller, services: Wired) -> None:
    """Remove a role of the organisation's own that nobody has."""
    _changeable(role)
    former = await services.roles.get(caller.organization_id, role)
    may_grant(caller, former.permissions, what=f"the role {role}")
    await services.roles.delete(caller.organization_id, role)


def _allowed(caller: Caller, name: str, body: NewRole) -> RoleDefinition:
    may_grant(caller, body.permissions, what=f"the role {name}")
    return RoleDefinition(name=name, permissions=body.permissions)


def _changeable(name: str) -> None:
    if name in BUILT_IN:
        raise Conflict(f"The role {name} is built in and stays as it is; make one of your own.", name=name)
