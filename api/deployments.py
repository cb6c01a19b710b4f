"""Deployments of an integration: what runs where, and putting a version there: deploy, promote, roll back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import Field

from api.answers import NoWorker, answering
from api.found import Found
from api.integrations import IdempotencyKey, RunStarted
from api.problems import documented
from api.security import Operator, WayIn, actor
from api.services import Services, Wired
from domain import ids
from domain.artifacts import content_hash
from domain.base import Data
from domain.compatibility import precedence
from domain.deployments import Deployment, DeploymentStage
from domain.errors import Conflict, NotFound, VerdictInvalid
from domain.operations import DeployVersion, Environment, Rollout, VersionNumber
from domain.people import Actor
from domain.registry import Integration
from domain.runs import RunAccepted

router = APIRouter(prefix="/api/v1/integrations/{integration}", tags=["deployments"])

_RESPONSES = documented(NotFound, Conflict, VerdictInvalid, NoWorker)


class NewDeployment(Data):
    """Which version goes where, and how. Without a version it is the newest; without a rollout, the usual one."""

    version: VersionNumber | None = Field(default=None, examples=["1.1.0"])
    environment: Environment = Environment.PRODUCTION
    tests: bool = Field(default=True, description="Test it once more before; what does not pass is not deployed.")
    rollout: Rollout = Rollout()
    reason: str = Field(default="", max_length=1000)


class Promotion(Data):
    """How what serves in staging takes over production."""

    rollout: Rollout = Rollout()
    reason: str = Field(default="", max_length=1000)


class WayBack(Data):
    """Which earlier version serves production again; without one, the one before."""

    version: VersionNumber | None = Field(default=None, examples=["1.0.0"])
    reason: str = Field(default="", max_length=1000)


class Starting:
    """Starts the run that a request asks for, once for each Idempotency-Key."""

    def __init__(
        self,
        request: Request,
        response: Response,
        caller: Operator,
        channel: WayIn,
        services: Wired,
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        self._request = request
        self._response = response
        self._caller = caller
        self._channel = channel
        self._services = services
        self._key = idempotency_key

    async def deployment(self, found: Integration, body: Data, version: str, **how: object) -> RunStarted:
        """`how` are the fields of DeployVersion that the request decides."""
        services = self._services
        cmd = DeployVersion.model_validate(
            {
                "integration_id": found.id,
                "organization_id": found.organization_id,
                "requester": self._requester(),
                "repository": found.repository,
                "policy": services.review.policy(),
                "budget": services.budget.budget(),
                "version": version,
                "request_key": await self._once(found, body),
                **how,
            }
        )
        accepted = await self._started(cmd)
        url = str(self._request.url_for("read_run", integration=found.id))
        self._response.headers["Location"] = url
        return RunStarted(**accepted.model_dump(), status_url=url)

    def _requester(self) -> Actor:
        return actor(self._caller, self._channel)

    async def _once(self, found: Integration, body: Data) -> str:
        """What is the same for each repetition of the request; empty if it may not be repeated."""
        if self._key is None:
            return ""
        scope = f"{self._request.url.path.rsplit('/', 1)[-1]}/{found.id}/{self._caller.id}"
        hashed = content_hash(body.model_dump_json().encode())
        return await self._services.deliveries.idempotent(scope, self._key, hashed, ids.new("req"))

    async def _started(self, cmd: DeployVersion) -> RunAccepted:
        try:
            async with answering(self._services.settings.patience, integration_id=cmd.integration_id):
                return await self._services.runs.start(cmd)
        except Conflict as error:
            run_id = error.details.get("run_id")
            if not cmd.request_key or not isinstance(run_id, str):
                raise
            workflow_id = ids.lifecycle_workflow(cmd.integration_id)
            return RunAccepted(integration_id=cmd.integration_id, workflow_id=workflow_id, run_id=run_id)


Start = Annotated[Starting, Depends()]


@router.get("/deployments", responses=documented(NotFound))
async def list_deployments(found: Found, services: Wired) -> list[Deployment]:
    """What runs where, and what did, the newest change first."""
    return await services.deployments.of(found.id)


@router.post("/deployments", status_code=status.HTTP_202_ACCEPTED, responses=_RESPONSES)
async def deploy_version(body: NewDeployment, found: Found, services: Wired, start: Start) -> RunStarted:
    """Put a version into an environment. What serves there serves on until the new one has taken over."""
    version = body.version or await _newest(found, services)
    return await start.deployment(
        found,
        body,
        version,
        environment=body.environment,
        tests=body.tests,
        rollout=body.rollout,
        reason=body.reason,
    )


@router.post("/promote", status_code=status.HTTP_202_ACCEPTED, responses=_RESPONSES)
async def promote_version(body: Promotion, found: Found, services: Wired, start: Start) -> RunStarted:
    """Put what serves in staging into production."""
    serves = [
        one.version
        for one in await services.deployments.of(found.id)
        if (one.environment, one.state) == (Environment.STAGING, DeploymentStage.SERVING)
    ]
    if not serves:
        raise Conflict(f"Nothing of {found.name or found.id} serves in staging; deploy a version there first.")
    return await start.deployment(found, body, serves[0], rollout=body.rollout, reason=body.reason or "promoted")


@router.post("/rollback", status_code=status.HTTP_202_ACCEPTED, responses=_RESPONSES)
async def roll_back(body: WayBack, found: Found, services: Wired, start: Start) -> RunStarted:
    """Have an earlier version serve production again, at once, with the configuration that it had."""
    version = body.version or await _before(found, services)
    return await start.deployment(found, body, version, rollback=True, reason=body.reason)


async def _newest(found: Integration, services: Services) -> str:
    versions = [one.version for one in await services.integrations.versions(found.id)]
    if not versions:
        raise Conflict(f"{found.name or found.id} has no version to deploy yet; it is {found.stage}.")
    return max(versions, key=precedence)


async def _before(found: Integration, services: Services) -> str:
    """The highest version below the one that serves."""
    entry = await services.integrations.entry(found.id)
    if entry is None:
        raise Conflict(
            f"Nothing of {found.name or found.id} serves in production, so there is nothing to go back from."
        )
    versions = [one.version for one in await services.integrations.versions(found.id)]
    earlier = [one for one in versions if precedence(one) < precedence(entry.version)]
    if not earlier:
        raise Conflict(f"{entry.name} {entry.version} has no earlier version to go back to.")
    return max(earlier, key=precedence)
