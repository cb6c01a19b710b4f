"""What a request says of the thing that it concerns, for conditions to ask: asked only where a right has conditions."""

from collections.abc import Mapping

from fastapi import Request

from domain.operations import Environment
from domain.people import Person
from domain.registry import Integration

Attributes = Mapping[str, str]


def attributes(found: Integration, caller: Person) -> dict[str, str]:
    """Of an integration that is there."""
    owner = found.requester.person_id
    known = {"owner": "self" if owner == caller.id else owner, "name": found.name, "stage": found.stage}
    return {name: value for name, value in known.items() if value is not None}


async def requested(request: Request) -> Attributes:
    """Of an integration that is asked for: it is the caller's, and is named as they say, if they say."""
    name = (await _body(request)).get("name")
    return {"owner": "self"} | ({"name": name} if isinstance(name, str) else {})


async def listed(request: Request) -> Attributes:
    """Of all that a list can hold, by its filters: `owner=me` and `stage`."""
    stage = request.query_params.get("stage")
    own = {"owner": "self"} if request.query_params.get("owner") == "me" else {}
    return own | ({} if stage is None else {"stage": stage})


async def environment(request: Request) -> Attributes:
    """Where something is to be deployed; production, if the body does not say."""
    where = (await _body(request)).get("environment", Environment.PRODUCTION)
    return {"environment": where} if isinstance(where, str) else {}


async def production(_request: Request) -> Attributes:
    return {"environment": Environment.PRODUCTION}


async def _body(request: Request) -> Mapping[str, object]:
    """FastAPI has read it, and refused what is not JSON."""
    body: object = await request.json() if await request.body() else {}
    return body if isinstance(body, dict) else {}
