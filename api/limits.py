"""What all runs together may spend on Claude."""

import asyncio
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from api.problems import documented
from api.security import Caller, WayIn, actor, needs
from api.services import Services, Wired
from domain.access import Permission
from domain.base import Data
from domain.conversation import MOST_USD, LimitName, LimitStanding
from domain.errors import InvalidInput, StorageUnavailable
from domain.ids import DEFAULT_ORGANIZATION
from domain.people import Person

router = APIRouter(prefix="/api/v1/limits", tags=["limits"])

Usd = Annotated[Decimal, Field(ge=0, le=MOST_USD)]


class NewLimits(Data):
    """US dollars. What is left out stays as it is; null is no limit; with 0 nothing more is bought."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    organization_month_usd: Usd | None = Field(
        default=None, description="For each organisation, in a calendar month (UTC)."
    )
    day_usd: Usd | None = Field(default=None, description="For everybody, in a day (UTC).")


@router.get("", dependencies=[needs(Permission.LIMITS_READ)], responses=documented())
async def read_limits(caller: Caller, services: Wired) -> list[LimitStanding]:
    """Each limit, what is spent and reserved of it, and when it begins anew."""
    return await _standing(caller, services)


@router.put("", dependencies=[needs(Permission.LIMITS_UPDATE, house=True)], responses=documented())
async def set_limits(body: NewLimits, caller: Caller, channel: WayIn, services: Wired) -> list[LimitStanding]:
    """Set limits. Runs that wait for room look at once whether there is some; turns under way are not stopped."""
    named: dict[LimitName, Decimal | None] = {
        "organization_month_usd": body.organization_month_usd,
        "day_usd": body.day_usd,
    }
    changes = {name: usd for name, usd in named.items() if name in body.model_fields_set}
    if not changes:
        raise InvalidInput("Name at least one limit.", field="day_usd")
    await services.limits.set(changes, by=actor(caller, channel))
    try:
        async with asyncio.timeout(services.settings.patience):
            await services.runs.limits_changed()
    except TimeoutError as error:
        raise StorageUnavailable(
            "The limits are set, but not every run that waits could be told: repeat the request, or wait. "
            "They look by themselves once an hour."
        ) from error
    return await _standing(caller, services)


async def _standing(caller: Person, services: Services) -> list[LimitStanding]:
    """What all organisations together spend is told in the first one alone."""
    found = await services.limits.standing(caller.organization_id)
    return [one for one in found if one.name != "day_usd" or caller.organization_id == DEFAULT_ORGANIZATION]
