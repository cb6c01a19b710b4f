"""The runs of an organisation: those under way, and those that were."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.problems import documented
from api.security import found_by, may
from api.services import Wired
from domain.access import Acting, Permission
from domain.errors import NotFound
from domain.lifecycle import Operation
from domain.listing import RunPage, RunState

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])

Reader = Annotated[Acting, Depends(may(Permission.RUNS_READ))]


@router.get("", responses=documented(NotFound))
async def list_runs(
    caller: Reader,
    services: Wired,
    state: Annotated[RunState | None, Query(description="Only those in this state.")] = None,
    operation: Annotated[Operation | None, Query(description="Only those that do this.")] = None,
    integration: Annotated[
        str | None, Query(description="Only those of this integration: its name or id.", min_length=1, max_length=100)
    ] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RunPage:
    """Runs, the newest first. What one under way waits for is at its integration's `/run`."""
    found = None if integration is None else await found_by(integration, caller, services)
    return await services.run_records.page(
        caller.organization_id,
        cursor=cursor,
        limit=limit,
        state=state,
        operation=operation,
        integration_id=None if found is None else found.id,
    )
