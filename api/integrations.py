"""Integrations: asked for, listed, looked at."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response, status
from pydantic import Field, field_validator, model_validator

from api.answers import NoWorker, answering
from api.found import Found
from api.problems import documented
from api.security import Reader, WayIn, Writer, actor, rank
from api.services import Services, Wired
from domain import ids
from domain.artifacts import content_hash
from domain.base import Data
from domain.conversation import Budget
from domain.errors import Conflict, Forbidden, InvalidDocument, InvalidInput, NameTaken, NotFound, Unreachable
from domain.events import Event
from domain.health import HealthState
from domain.lifecycle import Stage
from domain.people import Actor, Person, Role
from domain.plan import Name
from domain.registry import Integration, Page, RegistryEntry, Version
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest, RunAccepted
from domain.vendors import RepoName

router = APIRouter(prefix="/api/v1/integrations", tags=["integrations"])
registry = APIRouter(prefix="/api/v1/registry", tags=["registry"])

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Repeat a request safely: the same key and body start one run, whatever is lost on the way.",
        min_length=1,
        max_length=200,
    ),
]


class NewDocument(DocumentSource):
    """Where the API document is: a URL, or what POST /api/v1/documents answered. Exactly one of the two."""

    @field_validator("url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://; upload a file to /api/v1/documents instead")
        return url

    @model_validator(mode="after")
    def _one(self) -> "NewDocument":
        if (self.url is None) == (self.artifact is None):
            raise ValueError("give either url or artifact, and not both")
        return self


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


class IntegrationDetail(Integration):
    """An integration with its versions, newest last, and its entry in the registry."""

    versions: list[Version]
    registry: RegistryEntry | None


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
    caller: Writer,
    channel: WayIn,
    services: Wired,
    idempotency_key: IdempotencyKey = None,
) -> RunStarted:
    """Ask for an integration. Answers once the request is written; the run goes on by itself."""
    budget = budget_for(body.budget, caller, services)
    cmd = _command(body, ids.new("int"), actor(caller, channel), caller.organization_id, budget, services)
    accepted = await _started(cmd, services, scope=f"integrations/{caller.id}", key=idempotency_key, body=body)
    url = str(request.url_for("read_run", integration=accepted.integration_id))
    response.headers["Location"] = url
    return RunStarted(**accepted.model_dump(), status_url=url)


async def _started(
    cmd: CreateIntegration, services: Services, *, scope: str, key: str | None, body: NewIntegration
) -> RunAccepted:
    """The run of `cmd`, or the one that the same key started before."""
    if key is not None:
        body_hash = content_hash(body.model_dump_json().encode())
        first = await services.deliveries.idempotent(scope, key, body_hash, cmd.integration_id)
        if first != cmd.integration_id:
            return await _repeated(cmd.model_copy(update={"integration_id": first}), services)
    async with answering(services.settings.patience, integration_id=cmd.integration_id):
        return await services.runs.start_create(cmd)


async def _repeated(cmd: CreateIntegration, services: Services) -> RunAccepted:
    """A lost answer is given again; a request that never became a row is tried again, and refused if it was refused."""
    try:
        found = await services.integrations.get(cmd.integration_id)
    except NotFound:
        async with answering(services.settings.patience, integration_id=cmd.integration_id):
            await services.runs.start_create(cmd)
    else:
        return RunAccepted(integration_id=found.id, workflow_id=found.workflow_id, run_id=found.run_id)
    try:
        found = await services.integrations.get(cmd.integration_id)
    except NotFound as error:
        raise Conflict(
            "The request first sent with this Idempotency-Key was refused: send it with a new key."
        ) from error
    return RunAccepted(integration_id=found.id, workflow_id=found.workflow_id, run_id=found.run_id)


def budget_for(asked: Budget | None, caller: Person, services: Services) -> Budget:
    """What the run may spend. More than is configured is the operator's to give, as it is when a run is under way."""
    usual = services.budget.budget()
    if asked is None:
        return usual
    more = asked.usd > usual.usd or asked.tokens > usual.tokens or asked.turns > usual.turns
    if more and rank(caller.role) < rank(Role.OPERATOR):
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


@router.get("", responses=documented())
async def list_integrations(
    caller: Reader,
    services: Wired,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    stage: Stage | None = None,
    health: HealthState | None = None,
) -> Page:
    """Integrations of the caller's organisation, newest first."""
    return await services.integrations.page(
        organization_id=caller.organization_id, cursor=cursor, limit=limit, stage=stage, health=health
    )


@router.get("/{integration}", responses=documented(NotFound))
async def read_integration(found: Found, services: Wired) -> IntegrationDetail:
    """One integration, by name or id, with its versions and its entry in the registry."""
    versions = await services.integrations.versions(found.id)
    entry = await services.integrations.entry(found.id)
    return IntegrationDetail(**found.model_dump(), versions=versions, registry=entry)


@router.get("/{integration}/versions", responses=documented(NotFound))
async def list_versions(found: Found, services: Wired) -> list[Version]:
    """The versions of an integration."""
    return await services.integrations.versions(found.id)


@router.get("/{integration}/events", responses=documented(NotFound))
async def list_events(found: Found, services: Wired, after: Annotated[int, Query(ge=0)] = 0) -> Events:
    """What happened to an integration, in order."""
    return Events(items=await services.integrations.events(found.id, after=after))


@registry.get("/{integration}", responses=documented(NotFound))
async def read_registry_entry(found: Found, services: Wired) -> RegistryEntry:
    """What others find in the catalogue: capabilities, dependencies, health check, URL."""
    entry = await services.integrations.entry(found.id)
    if entry is None:
        raise NotFound(f"{found.name or found.id} is not registered; it is {found.stage}. Only active ones are.")
    return entry
