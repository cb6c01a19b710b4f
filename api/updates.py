"""Updates: a new version is asked for."""

from fastapi import APIRouter, Request, Response, status
from pydantic import Field

from api.answers import NoWorker
from api.found import Found
from api.integrations import RunStarted, budget_for
from api.problems import documented
from api.repeats import Repeated
from api.security import Caller, WayIn, actor, needs
from api.services import Wired
from api.sources import NewDocument
from api.starting import started
from domain.access import Permission
from domain.base import Data
from domain.conversation import Budget
from domain.errors import Conflict, NotFound
from domain.operations import Rollout, UpdateIntegration, UpdateReason
from domain.runs import DocumentSource

router = APIRouter(prefix="/api/v1/integrations", tags=["integrations"])


class NewUpdate(Data):
    """What shall be different, in words. Without a document: the one that the served version was built for, anew."""

    title: str = Field(min_length=1, max_length=300, examples=["Offer the closed issues too"])
    description: str = Field(default="", max_length=100_000)
    document: NewDocument | None = Field(default=None, examples=[{"url": "https://api.example.com/v2/openapi.json"}])
    budget: Budget | None = Field(default=None, description="At most the configured one, unless an operator asks.")
    rollout: Rollout = Rollout()


@router.post(
    "/{integration}/update",
    dependencies=[needs(Permission.INTEGRATIONS_UPDATE)],
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(NotFound, Conflict, NoWorker),
)
async def update_integration(
    body: NewUpdate,
    found: Found,
    request: Request,
    response: Response,
    caller: Caller,
    channel: WayIn,
    services: Wired,
    once: Repeated,
) -> RunStarted:
    """Ask for a new version. The one that serves serves on until the new one has taken over, and if that fails."""
    document = body.document
    cmd = UpdateIntegration(
        integration_id=found.id,
        organization_id=found.organization_id,
        requester=actor(caller, channel),
        repository=found.repository,
        policy=services.review.policy(),
        budget=budget_for(body.budget, caller, services),
        request_key=once.request_key,
        reason=UpdateReason(title=body.title, words=body.description),
        document=None if document is None else DocumentSource(url=document.url, artifact=document.artifact),
        rollout=body.rollout,
    )
    accepted = await started(cmd, services)
    url = str(request.url_for("read_run", integration=found.id))
    response.headers["Location"] = url
    return RunStarted(**accepted.model_dump(), status_url=url)
