"""What is started again and again: listed, paused, resumed."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.problems import documented
from api.security import Caller, WayIn, actor, needs
from api.services import Wired
from domain.access import Permission
from domain.base import Data
from domain.errors import NotFound, StorageUnavailable
from domain.schedules import Schedule

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"])

ScheduleId = Annotated[str, Path(description="Which schedule.", max_length=100, examples=["watch-drift"])]


class ScheduleList(Data):
    items: list[Schedule]


@router.get("", dependencies=[needs(Permission.SCHEDULES_READ)], responses=documented(StorageUnavailable))
async def list_schedules(_caller: Caller, services: Wired) -> ScheduleList:
    """Sweeps, watches and nightly tests: how often, when last and next."""
    return ScheduleList(items=await services.schedules.list())


@router.post(
    "/{schedule}/pause",
    dependencies=[needs(Permission.SCHEDULES_UPDATE, house=True)],
    responses=documented(NotFound, StorageUnavailable),
)
async def pause_schedule(schedule: ScheduleId, caller: Caller, channel: WayIn, services: Wired) -> Schedule:
    """Start no more of it until it is resumed; what runs goes on."""
    return await services.schedules.pause(schedule, by=actor(caller, channel))


@router.post(
    "/{schedule}/resume",
    dependencies=[needs(Permission.SCHEDULES_UPDATE, house=True)],
    responses=documented(NotFound, StorageUnavailable),
)
async def resume_schedule(schedule: ScheduleId, caller: Caller, channel: WayIn, services: Wired) -> Schedule:
    """Start it again as it is planned."""
    return await services.schedules.resume(schedule, by=actor(caller, channel))
