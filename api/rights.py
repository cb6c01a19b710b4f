"""Giving rights: nobody gives more than they have."""

from api.services import Services
from domain.access import BUILT_IN, Acting, Grant, Rights, RoleDefinition
from domain.errors import Forbidden, InvalidInput, NotFound
from domain.people import RoleName


async def may_give(caller: Acting, role: RoleName, services: Services) -> RoleDefinition:
    """The role, if the caller has all that it grants. Raises Forbidden, and InvalidInput for a role there is not."""
    try:
        found = BUILT_IN.get(role) or await services.roles.get(caller.organization_id, role)
    except NotFound as error:
        raise InvalidInput(error.message, field="role") from error
    may_grant(caller, found.permissions, what=f"the role {role}")
    return found


def may_grant(caller: Acting, grants: tuple[Grant, ...], *, what: str) -> None:
    """Raises Forbidden for what the caller has not, or has only under conditions that these do not all have."""
    wanted = Rights.of(grants)
    if not caller.rights.cover(wanted):
        more = [name for name in wanted.names if not caller.rights.cover(Rights({name: wanted.grants[name]}))]
        raise Forbidden(
            f"{caller.name} is {caller.role} and cannot give {what}: nobody gives more than they have.",
            role=caller.role,
            more=list(more),
        )
