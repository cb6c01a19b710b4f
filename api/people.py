"""The people of an organisation: their roles there, and their keys."""

import contextlib
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, status
from pydantic import Field

from api.keys import IssuedKey, KeyId, NewKey, issued
from api.problems import documented
from api.repeats import Repeated
from api.rights import may_give
from api.security import Caller, needs
from api.services import Wired
from domain.access import ApiKey, Permission
from domain.base import Data
from domain.errors import Conflict, Forbidden, NotFound
from domain.people import Handle, Person, Role, RoleName, ShownName

router = APIRouter(prefix="/api/v1/people", tags=["people"])

PersonId = Annotated[str, Path(description="Whose.", max_length=100, examples=["per_01a208b6dbf270b3a0afa79a44221072"])]


class NewPerson(Data):
    """Someone to be known here, with their names in the outside systems, by which their reviews are recognised."""

    name: ShownName = Field(examples=["ada"])
    kind: Literal["person", "service"] = "person"
    role: RoleName = Role.DEVELOPER
    email: str | None = Field(default=None, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
    github: Handle | None = None
    slack: Handle | None = Field(default=None, description="Slack's user id.", examples=["U024BE7LH"])
    linear: Handle | None = Field(default=None, description="Linear's user id, or their address there.")
    jira: Handle | None = Field(default=None, description="Jira's account id.")


class NewRoleOf(Data):
    """What somebody may do from now on, and what they are called elsewhere. What is left out stays as it is."""

    role: RoleName | None = None
    github: Handle | None = None
    slack: Handle | None = Field(default=None, examples=["U024BE7LH"])
    linear: Handle | None = None
    jira: Handle | None = None


@router.get("", dependencies=[needs(Permission.PEOPLE_READ)], responses=documented())
async def list_people(caller: Caller, services: Wired) -> list[Person]:
    """The members of the acting organisation, with their roles there."""
    return await services.people.list(caller.organization_id)


@router.get("/{person_id}", dependencies=[needs(Permission.PEOPLE_READ)], responses=documented(NotFound))
async def read_person(person_id: PersonId, caller: Caller, services: Wired) -> Person:
    """One member."""
    return await services.people.get(person_id, caller.organization_id)


@router.post(
    "",
    dependencies=[needs(Permission.PEOPLE_CREATE)],
    status_code=status.HTTP_201_CREATED,
    responses=documented(Conflict, NotFound),
)
async def add_person(body: NewPerson, caller: Caller, services: Wired, once: Repeated) -> Person:
    """Make someone known, whose home this organisation is. Nobody can give a role above their own."""
    await may_give(caller, body.role, services)
    person = Person(
        id=once.made("per"),
        organization_id=caller.organization_id,
        created_at=datetime.now(UTC),
        **body.model_dump(),
    )
    if once.again:
        with contextlib.suppress(NotFound):
            return await services.people.get(person.id, caller.organization_id)
    return await services.people.add(person)


@router.patch("/{person_id}", dependencies=[needs(Permission.PEOPLE_UPDATE)], responses=documented(NotFound, Conflict))
async def change_role(person_id: PersonId, body: NewRoleOf, caller: Caller, services: Wired) -> Person:
    """Give someone another role in this organisation, or say what they are called elsewhere.

    Nobody can give, or take away, a role above their own, nor say who somebody above them is.
    """
    found = await services.people.get(person_id, caller.organization_id)
    await may_give(caller, found.role, services)
    if body.role is not None:
        await may_give(caller, body.role, services)
        await services.organizations.change_role(caller.organization_id, found.id, body.role)
    names = body.model_dump(exclude={"role"}, exclude_unset=True)
    if names:
        await services.people.known_as(found.id, caller.organization_id, names)
    return await services.people.get(person_id, caller.organization_id)


@router.delete(
    "/{person_id}",
    dependencies=[needs(Permission.PEOPLE_REMOVE)],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(NotFound, Conflict),
)
async def remove_person(person_id: PersonId, caller: Caller, services: Wired) -> None:
    """End someone's membership: from the next request on they are nobody here. The last admin stays."""
    found = await services.people.get(person_id, caller.organization_id)
    await may_give(caller, found.role, services)
    await services.organizations.leave(caller.organization_id, found.id)


@router.get("/{person_id}/keys", dependencies=[needs(Permission.KEYS_READ)], responses=documented(NotFound))
async def list_keys_of(person_id: PersonId, caller: Caller, services: Wired) -> list[ApiKey]:
    """Somebody's keys, the newest first, those revoked too; of a guest only those made here."""
    found = await services.people.get(person_id, caller.organization_id)
    return await services.keys.of(found.id, organization_id=caller.organization_id)


@router.post(
    "/{person_id}/keys",
    dependencies=[needs(Permission.KEYS_CREATE)],
    status_code=status.HTTP_201_CREATED,
    responses=documented(NotFound),
)
async def issue_key(person_id: PersonId, body: NewKey, caller: Caller, services: Wired, once: Repeated) -> IssuedKey:
    """Make a key for someone, good in this organisation alone. It is shown once."""
    found = await services.people.get(person_id, caller.organization_id)
    if caller.narrow:
        raise Forbidden("A key with scopes or an end makes no keys: sign in, or use one without.")
    await may_give(caller, found.role, services)
    return await issued(found.id, body, services, once, organization_id=caller.organization_id)


@router.delete("/{person_id}/keys/{key}", dependencies=[needs(Permission.KEYS_REVOKE)], responses=documented(NotFound))
async def revoke_key_of(person_id: PersonId, key: KeyId, caller: Caller, services: Wired) -> ApiKey:
    """From now on a key that is listed opens nothing."""
    found = await services.people.get(person_id, caller.organization_id)
    return await services.keys.revoke(key, person_id=found.id, organization_id=caller.organization_id)
