"""The end of an integration: announced, taken back, done."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, status
from pydantic import Field

from api import etags
from api.answers import NoWorker
from api.found import Found
from api.integrations import RunStarted
from api.moments import Rfc3339
from api.problems import documented
from api.security import needs
from api.services import Wired
from api.starting import Starting
from domain.access import Permission
from domain.base import Data
from domain.errors import Conflict, InvalidInput, NotFound, PreconditionFailed, PreconditionMissing, StillNeeded
from domain.operations import DeprecateIntegration, LaterWork, RetireIntegration, UndeprecateIntegration
from domain.registry import Integration
from domain.retirement import Deprecation

router = APIRouter(prefix="/api/v1/integrations/{integration}", tags=["retirement"])

Reason = Annotated[str, Field(min_length=1, max_length=1000, examples=["Nobody needs it any more"])]
ReasonGiven = Annotated[str, Query(description="Why.", min_length=1, max_length=1000)]


class NewDeprecation(Data):
    """Why it will end, when, and a page about it: what its stable URL says with every answer, but for the reason."""

    reason: Reason
    sunset_at: Rfc3339 | None = Field(default=None, examples=["2027-06-30T00:00:00Z"])
    link: str = Field(default="", max_length=500, pattern=r"^(https?://[^\s<>\"]+)?$")


class Retirement(Data):
    """Why it ends. `force`: although others depend on it, or it is still used."""

    reason: Reason
    force: bool = False


class Ending(Starting):
    """Starts what ends an integration, or takes that back."""

    async def end(self, kind: type[LaterWork], found: Integration, **details: object) -> RunStarted:
        return await self.start(kind, found, issue=found.issue, ticket=found.ticket, **details)

    async def retire(self, found: Integration, body: Retirement) -> RunStarted:
        quiet = timedelta(minutes=self._services.settings.quiet_minutes)
        return await self.end(RetireIntegration, found, reason=body.reason, forced=body.force, quiet=quiet)


Start = Annotated[Ending, Depends()]
_RESPONSES = documented(NotFound, Conflict, NoWorker)
_RETIRING = documented(NotFound, Conflict, StillNeeded, NoWorker)


@router.get("/deprecate", dependencies=[needs(Permission.INTEGRATIONS_READ)], responses=documented(NotFound))
async def read_deprecation(found: Found, services: Wired) -> Deprecation:
    """Why it will end, who says so, and what its stable URL announces."""
    deprecation = await services.deprecations.find(found.id)
    if deprecation is None:
        raise NotFound(f"Nobody said that {found.name or found.id} will end.")
    return deprecation


@router.post(
    "/deprecate",
    dependencies=[needs(Permission.INTEGRATIONS_RETIRE)],
    status_code=status.HTTP_202_ACCEPTED,
    responses={**_RESPONSES, **documented(InvalidInput)},
)
async def deprecate_integration(body: NewDeprecation, found: Found, start: Start) -> RunStarted:
    """Say that it will end: in the headers of every answer (RFC 9745, RFC 8594), and to owners and dependents."""
    return await start.end(DeprecateIntegration, found, **body.model_dump())


@router.delete(
    "/deprecate",
    dependencies=[needs(Permission.INTEGRATIONS_RETIRE)],
    status_code=status.HTTP_202_ACCEPTED,
    responses=_RESPONSES,
)
async def undeprecate_integration(found: Found, start: Start, reason: ReasonGiven) -> RunStarted:
    """It will not end after all: it is active again, and announces nothing."""
    return await start.end(UndeprecateIntegration, found, reason=reason)


@router.post(
    "/retire",
    dependencies=[needs(Permission.INTEGRATIONS_RETIRE)],
    status_code=status.HTTP_202_ACCEPTED,
    responses=_RETIRING,
)
async def retire_integration(body: Retirement, found: Found, start: Start) -> RunStarted:
    """End it. Refused while others depend on it or it is used, unless forced. What it was stays in the archive."""
    return await start.retire(found, body)


@router.delete(
    "",
    dependencies=[needs(Permission.INTEGRATIONS_RETIRE)],
    status_code=status.HTTP_202_ACCEPTED,
    responses={**_RETIRING, **documented(PreconditionMissing, PreconditionFailed)},
)
async def delete_integration(
    found: Found, start: Start, reason: ReasonGiven, force: bool = False, if_match: etags.IfMatch = None
) -> RunStarted:
    """The same as retiring it, as it was read: with `If-Match`."""
    etags.expected(if_match, found)
    return await start.retire(found, Retirement(reason=reason, force=force))
