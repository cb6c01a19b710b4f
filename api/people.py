"""People, their roles and their keys."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, status
from pydantic import Field

from api.problems import documented
from api.security import Operator, Reader, rank
from api.services import Wired
from domain import ids
from domain.base import Data
from domain.errors import Conflict, Forbidden, NotFound
from domain.people import Person, Role

router = APIRouter(prefix="/api/v1/people", tags=["people"])


class NewPerson(Data):
    """Someone to be known here, with their names in the outside systems, by which their reviews are recognised."""

    name: str = Field(min_length=1, max_length=80, examples=["ada"])
    kind: Literal["person", "service"] = "person"
    role: Role = Role.DEVELOPER
    email: str | None = Field(default=None, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
    github: str | None = Field(default=None, max_length=80)
    slack: str | None = Field(default=None, max_length=80, description="Slack's user id.", examples=["U024BE7LH"])


class NewKey(Data):
    label: str = Field(min_length=1, max_length=80, examples=["laptop"])


class IssuedKey(Data):
    """A key, shown this once: only its hash is kept."""

    person_id: str
    label: str
    key: str


@router.get("", responses=documented())
async def list_people(caller: Reader, services: Wired) -> list[Person]:
    """Everyone of the caller's organisation."""
    return await services.people.list(caller.organization_id)


@router.post("", status_code=status.HTTP_201_CREATED, responses=documented(Conflict))
async def add_person(body: NewPerson, caller: Operator, services: Wired) -> Person:
    """Make someone known. Nobody can give a role above their own."""
    _may_give(caller, body.role)
    person = Person(
        id=ids.new("per"),
        organization_id=caller.organization_id,
        created_at=datetime.now(UTC),
        **body.model_dump(),
    )
    return await services.people.add(person)


@router.post("/{person_id}/keys", status_code=status.HTTP_201_CREATED, responses=documented(NotFound))
async def issue_key(
    person_id: Annotated[str, Path(max_length=100)], body: NewKey, caller: Operator, services: Wired
) -> IssuedKey:
    """Make a key for someone. It is shown once."""
    people = await services.people.list(caller.organization_id)
    person = next((one for one in people if one.id == person_id), None)
    if person is None:
        raise NotFound(f"Nobody here has the id {person_id}.")
    _may_give(caller, person.role)
    key = await services.people.issue_key(person.id, label=body.label)
    return IssuedKey(person_id=person.id, label=body.label, key=key.get_secret_value())


def _may_give(caller: Person, role: Role) -> None:
    if rank(role) > rank(caller.role):
        raise Forbidden(f"{caller.name} is {caller.role} and cannot give the role {role}.", role=role)
