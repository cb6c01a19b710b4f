"""Health: whether this process lives, whether it can serve, and what it stands on.

Nobody has to be known, and nothing is counted, to ask: what it costs is bounded instead. However many ask, each thing
that the API stands on is asked once a second at most.
"""

import asyncio
import time
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from api.services import Probe, Services
from domain.base import Data
from domain.errors import CcbError

router = APIRouter(tags=["health"])

_PATIENCE = 3.0
_FRESH = 1.0
"""Seconds for which an answer is the answer to all who ask."""
_NEEDED = frozenset({"database", "temporal", "artifacts"})
"""Without these no request can be served; without the others some can."""


class ServicePart(Data):
    """One thing the API stands on. `seconds` is how long a round trip took; `error` is a stable code."""

    name: str
    ok: bool
    needed: bool
    seconds: float
    error: str | None = None


class ServiceHealth(Data):
    status: Literal["ok", "degraded", "unavailable"]
    dependencies: list[ServicePart] = []


class Standing:
    """What the API stands on, as it was found a moment ago."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking: asyncio.Task[ServiceHealth] | None = None
        self._until = 0.0

    async def found(self) -> ServiceHealth:
        if self._asking is None or (self._asking.done() and time.monotonic() > self._until):
            self._asking = asyncio.create_task(self._ask())
        # Who asks may go away; the others wait for the same answer.
        return await asyncio.shield(self._asking)

    async def _ask(self) -> ServiceHealth:
        probes = self._services.probes
        found = await asyncio.gather(*(_asked(name, probe) for name, probe in probes.items()))
        self._until = time.monotonic() + _FRESH
        if not all(one.ok for one in found if one.needed):
            return ServiceHealth(status="unavailable", dependencies=found)
        return ServiceHealth(status="ok" if all(one.ok for one in found) else "degraded", dependencies=found)


_AWAY: dict[int | str, dict[str, Any]] = {
    503: {"model": ServiceHealth, "description": "Requests cannot be served now."}
}


@router.get("/health/live")
async def live() -> ServiceHealth:
    """Whether the process answers at all."""
    return ServiceHealth(status="ok")


@router.get("/health/startup", responses=_AWAY)
async def startup(response: Response, request: Request) -> ServiceHealth:
    """Whether the process has come up: what it stands on was there then, and deliveries that wait are taken up."""
    if request.app.state.started.is_set():
        return ServiceHealth(status="ok")
    response.status_code = 503
    return ServiceHealth(status="unavailable")


@router.get("/health/deps")
async def dependencies(request: Request) -> ServiceHealth:
    """What the API stands on, each asked by a real round trip within the last second. Always 200."""
    standing: Standing = request.app.state.standing
    return await standing.found()


@router.get("/health/ready", responses=_AWAY)
async def ready(response: Response, request: Request) -> ServiceHealth:
    """Whether requests can be served: 200, or 503; also once the process is ending, so that none is sent to it."""
    found = await dependencies(request)
    if request.app.state.closing.is_set():
        found = found.model_copy(update={"status": "unavailable"})
    if found.status == "unavailable":
        response.status_code = 503
    return found


@router.get("/health", responses=_AWAY)
async def health(response: Response, request: Request) -> ServiceHealth:
    """The same as /health/ready."""
    return await ready(response, request)


async def _asked(name: str, probe: Probe) -> ServicePart:
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
    return ServicePart(name=name, ok=error is None, needed=name in _NEEDED, seconds=seconds, error=error)
