"""Integrations: asked for, listed, looked at."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, status
from pydantic import Field

from api import attributes, etags
from api.answers import NoWorker, answering
from api.found import Found, NameOrId
from api.problems import documented
from api.repeats import Repeated
from api.security import Reader, WayIn, actor, may
from api.services import Services, Wired
from api.sources import NewDocument
from domain.access import Acting, Permission
from domain.base import Data
from domain.conversation import Budget
from domain.errors import (
    Conflict,
    Forbidden,
    InvalidDocument,
    InvalidInput,
    NameTaken,
    NotFound,
    PreconditionFailed,
    PreconditionMissing,
    Unreachable,
)
from domain.events import Event
from domain.health import HealthState
from domain.lifecycle import Stage
from domain.listing import MAX_DESCRIPTION, About, Label, Sort, Wanted, owner_key
from domain.people import Actor, Channel, Person
from domain.plan import CapabilityName, Name
from domain.registry import Integration, IntegrationDetail, Page, Version
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest, RunAccepted
from domain.vendors import RepoName

router = APIRouter(prefix="/api/v1/integrations", tags=["integrations"])

Asker = Annotated[Acting, Depends(may(Permission.INTEGRATIONS_CREATE, about=attributes.requested))]
Lister = Annotated[Acting, Depends(may(Permission.INTEGRATIONS_READ, about=attributes.listed))]
Changer = Annotated[Acting, Depends(may(Permission.INTEGRATIONS_UPDATE))]


class NewIntegration(Data):
    """A request for an integration: what is wanted, in words, and the API's document."""

    title: str = Field(min_length=1, max_length=300, examples=["List the open issues of a project"])
    description: str = Field(default="", max_length=100_000)
    document: NewDocument = Field(examples=[{"url": "https://api.example.com/openapi.json"}])
    name: Name | None = Field(default=None, examples=["project-issues"])
    base_url: str | None = Field(default=None, max_length=500, pattern=r"^https?://[^\s]+$")
    repository: RepoName | None = Field(default=None, examples=["acme/integrations"])
    budget: Budget | None = Field(default=None, description="At most the configured one, unless an operator asks.")


class RunStarted(RunAccepted):
    """The request is written and its run has begun. `status_url` says how far it is."""

    status_url: str


class NewAbout(Data):
    """What people say of an integration, all of it: what is left out is emptied; without an owner it is who asked."""

    title: str = Field(min_length=1, max_length=300, examples=["List the open issues of a project"])
    description: str = Field(default="", max_length=MAX_DESCRIPTION)
    labels: list[Label] = Field(default=[], max_length=20, examples=[["payments", "team/billing"]])
    owner: str | None = Field(default=None, min_length=1, max_length=120, examples=["ada"])


class Events(Data):
    """Events in order; ask for those `after` the last sequence to follow."""

    items: list[Event]


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(NameTaken, InvalidDocument, Unreachable, Conflict, NoWorker),
)
async def create_integration(
    body: NewIntegration,
    request: Request,
    response: Response,
    caller: Asker,
    channel: WayIn,
    services: Wired,
    once: Repeated,
) -> RunStarted:
    """Ask for an integration. Answers once the request is written; the run goes on by itself."""
    budget = budget_for(body.budget, caller, services)
    cmd = _command(body, once.made("int"), actor(caller, channel), caller.organization_id, budget, services)
    accepted = await _started(cmd, services, again=once.again)
    url = str(request.url_for("read_run", integration=accepted.integration_id))
    response.headers["Location"] = url
    return RunStarted(**accepted.model_dump(), status_url=url)


async def _started(cmd: CreateIntegration, services: Services, *, again: bool) -> RunAccepted:
    """The run of `cmd`, or the one that an earlier sending of the same request started."""
    if again and (found := await _written(cmd, services)) is not None:
        return found
    async with answering(services.settings.patience, integration_id=cmd.integration_id):
        accepted = await services.runs.start_create(cmd)
    if again and await _written(cmd, services) is None:
        raise Conflict("The request first sent with this Idempotency-Key was refused: send it with a new key.")
    return accepted


async def _written(cmd: CreateIntegration, services: Services) -> RunAccepted | None:
    try:
        found = await services.integrations.get(cmd.integration_id)
    except NotFound:
        return None
    return RunAccepted(integration_id=found.id, workflow_id=found.workflow_id, run_id=found.run_id)


def budget_for(asked: Budget | None, caller: Acting, services: Services) -> Budget:
    """What the run may spend. More than is configured is the operator's to give, as it is when a run is under way."""
    usual = services.budget.budget()
    if asked is None:
        return usual
    more = asked.usd > usual.usd or asked.tokens > usual.tokens or asked.turns > usual.turns
    if more and not caller.may(Permission.RUNS_FUND):
        raise Forbidden(
            f"A budget above {usual.usd} US dollars, {usual.tokens} tokens and {usual.turns} turns needs an operator.",
            field="budget",
        )
    return asked


def _command(
    body: NewIntegration,
    integration_id: str,
    requester: Actor,
    organization_id: str,
    budget: Budget,
    services: Services,
) -> CreateIntegration:
    repository = body.repository or services.settings.repository
    if repository is None:
        raise InvalidInput(
            "Say in which repository the code belongs, as owner/name; CCB_GITHUB_REPOSITORY gives the usual one.",
            field="repository",
        )
    return CreateIntegration(
        integration_id=integration_id,
        organization_id=organization_id,
        request=IntegrationRequest(
            title=body.title,
            description=body.description,
            document=DocumentSource(url=body.document.url, artifact=body.document.artifact),
            name=body.name,
            base_url=body.base_url,
        ),
        requester=requester,
        repository=repository,
        policy=services.review.policy(),
        budget=budget,
    )


async def _wanted(
    sort: Annotated[Sort, Query(description="The order; with `-`, the other way round.")] = Sort.NEWEST,
    stage: Annotated[Stage | None, Query(description="Only those in this stage.")] = None,
    owner: Annotated[
        str | None,
        Query(
            description="Only those of this person: a name, an id, `me`, or channel and name (`github:octocat`).",
            min_length=1,
            max_length=120,
        ),
    ] = None,
    capability: Annotated[
        CapabilityName | None, Query(description="Only those that offer this.", examples=["issues.list"])
    ] = None,
    label: Annotated[Label | None, Query(description="Only those with this label.")] = None,
    health: Annotated[HealthState | None, Query(description="Only those in this state.")] = None,
    text: Annotated[
        str, Query(description="Only those with words in title or name that begin so: all of these.", max_length=200)
    ] = "",
) -> Wanted:
    return Wanted(sort=sort, stage=stage, owner=owner, capability=capability, label=label, health=health, text=text)


async def _owner_key(named: str, caller: Person, services: Services) -> str:
    if named == "me":
        return caller.id
    if named.startswith("per_") or ":" in named:
        return named
    return owner_key(await _owner(named, caller, services))


@router.get("", responses=documented())
async def list_integrations(
    caller: Lister,
    services: Wired,
    wanted: Annotated[Wanted, Depends(_wanted)],
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page:
    """Integrations of the caller's organisation, newest first unless another order is asked for."""
    if wanted.owner is not None:
        wanted = wanted.model_copy(update={"owner": await _owner_key(wanted.owner, caller, services)})
    return await services.integrations.page(
        organization_id=caller.organization_id, cursor=cursor, limit=limit, wanted=wanted
    )


@router.get(
    "/{integration}",
    response_model=IntegrationDetail,
    responses={200: etags.tagged("The integration."), **etags.NOT_MODIFIED, **documented(NotFound)},
)
async def read_integration(
    integration: NameOrId, caller: Reader, response: Response, services: Wired, if_none_match: etags.IfNoneMatch = None
) -> IntegrationDetail | Response:
    """One integration, by name or id, with its versions and its entry in the registry."""
    found = await services.integrations.detail(integration, organization_id=caller.organization_id)
    tag = etags.etag(found)
    if etags.has(if_none_match, tag):
        return etags.unchanged(tag)
    response.headers["ETag"] = tag
    return found


@router.put(
    "/{integration}",
    responses={
        200: etags.tagged("The integration as it is now."),
        **documented(NotFound, PreconditionMissing, PreconditionFailed),
    },
)
async def describe_integration(
    body: NewAbout,
    caller: Changer,
    found: Found,
    response: Response,
    channel: WayIn,
    services: Wired,
    if_match: etags.IfMatch = None,
) -> Integration:
    """Set what people say of it: title, description, labels, owner. No run is needed, and no version changes."""
    revision = etags.expected(if_match, found)
    owner = None if body.owner is None else await _owner(body.owner, caller, services)
    about = About(**body.model_dump(exclude={"owner"}), owner=owner)
    after = await services.integrations.describe(found.id, about, revision=revision, by=actor(caller, channel))
    response.headers["ETag"] = etags.etag(after)
    return after


@router.get("/{integration}/versions", responses=documented(NotFound))
async def list_versions(found: Found, services: Wired) -> list[Version]:
    """The versions of an integration."""
    return await services.integrations.versions(found.id)


@router.get("/{integration}/events", responses=documented(NotFound))
async def list_events(found: Found, services: Wired, after: Annotated[int, Query(ge=0, le=2**53)] = 0) -> Events:
    """What happened to an integration, in order."""
    return Events(items=await services.integrations.events(found.id, after=after))


async def _owner(named: str, caller: Person, services: Services) -> Actor:
    """Somebody of the organisation, by name or id."""
    for person in await services.people.list(caller.organization_id):
        if named == person.id or named.casefold() == person.name.casefold():
            return actor(person, Channel.API)
    raise InvalidInput(f"Nobody here is called {named}; `ccb people list` shows everyone.", field="owner")
