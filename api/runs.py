"""The run of an integration: where it stands, and what people tell it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from api import logs, recorded
from api.answers import NoWorker, answering
from api.found import Found
from api.problems import documented
from api.repeats import Repeated
from api.security import Caller, WayIn, actor, needs
from api.services import Services, Wired
from api.standing import StillAllowed, standing, while_allowed
from domain.access import Permission
from domain.base import Data
from domain.conversation import MOST_TOKENS, MOST_TURNS, MOST_USD
from domain.errors import Conflict, ContentChanged, NotFound, ReviewNotCounted, StorageUnavailable
from domain.ids import ContentHash
from domain.lifecycle import Stage
from domain.registry import Integration
from domain.review import Decision, Review
from domain.runs import Abandon, Pause, RaiseBudget, Resume, RunStatus

router = APIRouter(prefix="/api/v1/integrations/{integration}", tags=["runs"])

_QUERY_PATIENCE = 4.0
"""Seconds; after them the database says what it knows."""


class RunView(Data):
    """Where a run stands. `source` is `database` when the run itself could not be asked; it then says less."""

    workflow_id: str
    run_id: str
    source: Literal["workflow", "database"]
    temporal_url: str = Field(description="The run in Temporal's Web UI.")
    status: RunStatus


class NewReview(Data):
    """A decision on exactly one content: the `content_hash` of the run's status."""

    decision: Decision
    content_hash: ContentHash
    comment: str = Field(default="", max_length=10_000)


class Reason(Data):
    reason: str = Field(min_length=1, max_length=1000, examples=["No longer needed"])


class NewBudget(Data):
    """What the run may spend in all. What is left out stays as it is. `usd` in US dollars."""

    tokens: int | None = Field(default=None, ge=1, le=MOST_TOKENS)
    usd: Decimal | None = Field(default=None, gt=0, le=MOST_USD)
    turns: int | None = Field(default=None, ge=1, le=MOST_TURNS)


@router.get("/run", dependencies=[needs(Permission.RUNS_READ)], responses=documented(NotFound))
async def read_run(found: Found, services: Wired) -> RunView:
    """Where the run stands, what it waits for and since when."""
    source: Literal["workflow", "database"] = "workflow"
    try:
        status = await _live(found, services)
    except (NotFound, NoWorker, StorageUnavailable):
        source, status = "database", await recorded.status(found, services)
    return _view(found, services, source, status)


async def _live(found: Integration, services: Services) -> RunStatus:
    async with answering(min(_QUERY_PATIENCE, services.settings.patience), integration_id=found.id):
        return await services.runs.status(found.id)


def _view(
    found: Integration, services: Services, source: Literal["workflow", "database"], status: RunStatus
) -> RunView:
    temporal = services.temporal
    workflow = quote(found.workflow_id, safe="")
    return RunView(
        workflow_id=found.workflow_id,
        run_id=found.run_id,
        source=source,
        temporal_url=f"{temporal.ui_url}/namespaces/{temporal.namespace}/workflows/{workflow}/{found.run_id}",
        status=status,
    )


@router.post(
    "/reviews",
    dependencies=[needs(Permission.RUNS_REVIEW)],
    responses=documented(NotFound, Conflict, ContentChanged, ReviewNotCounted, NoWorker),
)
async def submit_review(
    body: NewReview,
    caller: Caller,
    found: Found,
    channel: WayIn,
    services: Wired,
    once: Repeated,
) -> RunView:
    """Approve, or request changes. The requester's own review counts only where the policy says so."""
    review = Review(
        id=once.made("rev"),
        reviewer=actor(caller, channel),
        decision=body.decision,
        content_hash=body.content_hash,
        comment=body.comment,
        at=datetime.now(UTC),
    )
    async with _under_way(found, services):
        status = await services.runs.submit_review(found.id, review)
    return _view(found, services, "workflow", status)


@router.post(
    "/abandon", dependencies=[needs(Permission.RUNS_STEER)], responses=documented(NotFound, Conflict, NoWorker)
)
async def abandon_run(body: Reason, caller: Caller, found: Found, channel: WayIn, services: Wired) -> RunView:
    """Stop the run and undo what it did."""
    order = Abandon(by=actor(caller, channel), reason=body.reason)
    async with _under_way(found, services):
        status = await services.runs.abandon(found.id, order)
    return _view(found, services, "workflow", status)


@router.post("/budget", dependencies=[needs(Permission.RUNS_FUND)], responses=documented(NotFound, Conflict, NoWorker))
async def raise_budget(body: NewBudget, caller: Caller, found: Found, channel: WayIn, services: Wired) -> RunView:
    """Give the run more to spend; one that paused at its limit goes on from the same step."""
    async with _under_way(found, services):
        now = (await services.runs.status(found.id)).budget
        budget = now.model_copy(update=body.model_dump(exclude_none=True))
        order = RaiseBudget(by=actor(caller, channel), budget=budget)
        status = await services.runs.raise_budget(found.id, order)
    return _view(found, services, "workflow", status)


@router.post("/pause", dependencies=[needs(Permission.RUNS_STEER)], responses=documented(NotFound, Conflict, NoWorker))
async def pause_run(body: Reason, caller: Caller, found: Found, channel: WayIn, services: Wired) -> RunView:
    """Hold the run at its next step: what is under way ends, and nothing more is begun until it is resumed."""
    order = Pause(by=actor(caller, channel), reason=body.reason)
    async with _under_way(found, services):
        status = await services.runs.pause(found.id, order)
    return _view(found, services, "workflow", status)


@router.post("/resume", dependencies=[needs(Permission.RUNS_STEER)], responses=documented(NotFound, Conflict, NoWorker))
async def resume_run(caller: Caller, found: Found, channel: WayIn, services: Wired) -> RunView:
    """Let a paused run go on, from the step that it stands before."""
    async with _under_way(found, services):
        status = await services.runs.resume(found.id, Resume(by=actor(caller, channel)))
    return _view(found, services, "workflow", status)


@asynccontextmanager
async def _under_way(found: Integration, services: Services) -> AsyncIterator[None]:
    """Raises Conflict where no run is under way, which for an integration that serves only Temporal knows."""
    then = "; `ccb retry` starts it again from where it failed" if found.stage is Stage.FAILED else ""
    ended = Conflict(f"No run of {found.name or found.id} is under way: it is {found.stage}{then}.", stage=found.stage)
    if found.stage in {Stage.FAILED, Stage.RETIRED}:
        raise ended
    try:
        async with answering(services.settings.patience, integration_id=found.id):
            yield
    except (Conflict, NotFound) as error:
        if found.stage.terminal and (isinstance(error, NotFound) or error.details.get("ended")):
            raise ended from error
        raise


@router.get(
    "/logs",
    dependencies=[needs(Permission.LOGS_READ)],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Log lines, one JSON object a line.",
            "content": {logs.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/LogLine"}}},
        },
        **documented(NotFound),
    },
)
async def read_logs(
    found: Found,
    services: Wired,
    allowed: Annotated[StillAllowed, Depends(standing(Permission.LOGS_READ))],
    limit: Annotated[int, Query(ge=1, le=10_000, description="At most so many of the last lines.")] = 200,
    follow: Annotated[bool, Query(description="Keep the answer open and send lines as they come.")] = False,
) -> StreamingResponse:
    """What the deployed integration printed, and what its runner said of it. Logs of a failed version stay."""
    lines = await logs.opened(found, services, limit=limit, follow=follow)
    return StreamingResponse(while_allowed(lines, allowed) if follow else lines, media_type=logs.MEDIA_TYPE)
