"""Asking the API for what `Api` has no word of its own for."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote

from pydantic import JsonValue, TypeAdapter, ValidationError

from cli.client import Api
from cli.errors import BadInput, Unreachable
from domain.organizations import Membership
from domain.people import Person

_Answer = TypeVar("_Answer")
_MEMBERSHIPS = TypeAdapter(list[Membership])


def asked(
    api: Api, shape: TypeAdapter[_Answer], method: str, path: str, body: Mapping[str, JsonValue] | None = None
) -> _Answer:
    answer = api.call(method, path, body)
    try:
        return shape.validate_json(answer)
    except ValidationError as error:
        raise Unreachable("What answers is not this version of ccb's API: see --api-url.") from error


def part(value: str) -> str:
    """As one part of a path."""
    return quote(value, safe="")


def person_named(api: Api, named: str) -> Person:
    # As the API has it: no two names of an organisation differ in case alone.
    person = next((one for one in api.people() if named == one.id or named.casefold() == one.name.casefold()), None)
    if person is None:
        raise BadInput(f"Nobody here is called {named}; `ccb people list` shows everyone.", code="not_found")
    return person


def memberships(api: Api) -> list[Membership]:
    return asked(api, _MEMBERSHIPS, "GET", "/api/v1/organizations")


def organization_id(api: Api, named: str) -> str:
    """Of one of the caller's own, by name or id."""
    if named.startswith("org_"):
        return named
    found = [one.organization.id for one in memberships(api) if one.organization.name == named]
    if len(found) != 1:
        many = "Several of your organisations are" if found else "None of your organisations is"
        raise BadInput(f"{many} called {named}: `ccb organizations list` shows their ids.", code="not_found")
    return found[0]
