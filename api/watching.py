"""How integrations are, how they did, and whether the APIs they use have changed."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.found import Found
from api.problems import documented
from api.security import Caller, needs
from api.services import Wired
from domain.access import Permission
from domain.base import Data
from domain.drift import Drift
from domain.errors import NotFound, VendorError
from domain.health import Health, HealthHour, Incident, Uptime, uptime
from domain.plan import Name
from domain.vendors import Traffic

router = APIRouter(prefix="/api/v1/integrations/{integration}", tags=["health"])
everything = APIRouter(prefix="/api/v1/health", tags=["health"])

MONTH = timedelta(days=30)


class NamedHealth(Data):
    name: Name
    health: Health


class HealthList(Data):
    items: list[NamedHealth]


class HealthDetail(Data):
    """`health` is null as long as nothing was checked; incidents are the newest ten."""

    name: Name | None
    health: Health | None
    uptime_24h: Uptime
    uptime_30d: Uptime
    incidents: list[Incident]


class Performance(Data):
    """`hours` are in order; `last_hour` is what its stable URL saw, null where its target cannot say."""

    hours: list[HealthHour]
    last_hour: Traffic | None


@everything.get("", dependencies=[needs(Permission.HEALTH_READ)], responses=documented())
async def list_health(caller: Caller, services: Wired) -> HealthList:
    """How every integration that serves is, by name."""
    found = await services.health.all(caller.organization_id)
    return HealthList(items=[NamedHealth(name=name, health=health) for name, health in found])


@router.get("/health", dependencies=[needs(Permission.HEALTH_READ)], responses=documented(NotFound))
async def read_health(found: Found, services: Wired) -> HealthDetail:
    """Its state and since when, its uptime as the share of good checks, its last incidents."""
    now = datetime.now(UTC)
    hours = await services.health.hours(found.id, since=now - MONTH)
    return HealthDetail(
        name=found.name,
        health=await services.health.read(found.id),
        uptime_24h=uptime(hours, now - timedelta(hours=24)),
        uptime_30d=uptime(hours, now - MONTH),
        incidents=await services.health.incidents(found.id, limit=10),
    )


@router.get("/performance", dependencies=[needs(Permission.HEALTH_READ)], responses=documented(NotFound))
async def read_performance(
    found: Found,
    services: Wired,
    hours: Annotated[int, Query(ge=1, le=2160, description="How many hours back.")] = 24,
) -> Performance:
    """Checks, requests, errors and latencies by the hour."""
    kept = await services.health.hours(found.id, since=datetime.now(UTC) - timedelta(hours=hours))
    entry = await services.integrations.entry(found.id)
    try:
        traffic = entry and await services.target.traffic(entry.deployment_id, seconds=3600)
    except (NotFound, VendorError):
        traffic = None
    return Performance(hours=kept, last_hour=traffic)


@router.get("/drift", dependencies=[needs(Permission.HEALTH_READ)], responses=documented(NotFound))
async def read_drift(found: Found, services: Wired) -> Drift:
    """What the newest look at the outside API's document found, against the one that the version was built for."""
    drift = await services.drift.read(found.id)
    if drift is None:
        raise NotFound(f"Nobody has looked at the API document of {found.name or found.id}: was it uploaded?")
    return drift
