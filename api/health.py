"""Health: whether this process lives, whether it can serve, and what it stands on."""

import asyncio
import time
from typing import Any, Literal

from fastapi import APIRouter, Response

from api.services import Probe, Wired
from domain.base import Data
from domain.errors import CcbError

router = APIRouter(tags=["health"])

_PATIENCE = 3.0
_NEEDED = frozenset({"database", "temporal", "artifacts"})
"""Without these no request can be served; without the others some can."""


class Dependency(Data):
    """One thing the API stands on. `seconds` is how long a round trip took; `error` is a stable code."""

    name: str
    ok: bool
    needed: bool
    seconds: float
    error: str | None = None


class Health(Data):
    status: Literal["ok", "degraded", "unavailable"]
    dependencies: list[Dependency] = []


_AWAY: dict[int | str, dict[str, Any]] = {503: {"model": Health, "description": "Requests cannot be served now."}}


@router.get("/health/live")
async def live() -> Health:
    """Whether the process answers at all."""
    return Health(status="ok")


@router.get("/health/deps")
async def dependencies(services: Wired) -> Health:
    """What the API stands on, each asked by a real round trip. Always 200."""
    found = await asyncio.gather(*(_asked(name, probe) for name, probe in services.probes.items()))
    if not all(one.ok for one in found if one.needed):
        return Health(status="unavailable", dependencies=found)
    return Health(status="ok" if all(one.ok for one in found) else "degraded", dependencies=found)


@router.get("/health/ready", responses=_AWAY)
async def ready(response: Response, services: Wired) -> Health:
    """Whether requests can be served: 200, or 503."""
    found = await dependencies(services)
    if found.status == "unavailable":
        response.status_code = 503
    return found


@router.get("/health", responses=_AWAY)
async def health(response: Response, services: Wired) -> Health:
    """The same as /health/ready."""
    return await ready(response, services)


async def _asked(name: str, probe: Probe) -> Dependency:
    started = time.perf_counter()
    error = None
    try:
        async with asyncio.timeout(_PATIENCE):
            await probe()
    except CcbError as failed:
        error = failed.code
    except TimeoutError:
        error = "timeout"
    seconds = round(time.perf_counter() - started, 4)
    return Dependency(name=name, ok=error is None, needed=name in _NEEDED, seconds=seconds, error=error)
