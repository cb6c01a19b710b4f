"""What a request says of the thing that it concerns, for conditions to ask: asked only where a right has conditions."""

from collections.abc import Mapping

from fastapi import Request

from domain import authorization
from domain.authorization import OWN
from domain.operations import Environment

Attributes = Mapping[str, str]


async def requested(request: Request) -> Attributes:
    """Of an integration that is asked for."""
    name = (await _body(request)).get("name")
    return authorization.requested(name if isinstance(name, str) else None)


async def listed(request: Request) -> Attributes:
    """Of all that a list can hold, by its filters: `owner=me` and `stage`."""
    stage = request.query_params.get("stage")
    own = OWN if request.query_params.get("owner") == "me" else {}
    return {**own} | ({} if stage is None else {"stage": stage})


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
