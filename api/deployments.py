"""Deployments of an integration: what runs where, and putting a version there: deploy, promote, roll back."""

from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import Field

from api import attributes
from api.answers import NoWorker
from api.found import Found
from api.integrations import RunStarted
from api.problems import documented
from api.security import needs
from api.services import Services, Wired
from api.starting import Starting
from domain.access import Permission
from domain.base import Data
from domain.compatibility import precedence
from domain.deployments import Deployment, DeploymentStage
from domain.errors import Conflict, NotFound, VerdictInvalid
from domain.operations import DeployVersion, Environment, Rollout, VersionNumber
from domain.registry import Integration

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


class Deploying(Starting):
    """Starts deployments."""

    async def deployment(self, found: Integration, version: str, **how: object) -> RunStarted:
        """`how` are the fields of DeployVersion that the request decides."""
        policy, budget = self._services.review.policy(), self._services.budget.budget()
        return await self.start(DeployVersion, found, version=version, policy=policy, budget=budget, **how)


Start = Annotated[Deploying, Depends()]


@router.get("/deployments", dependencies=[needs(Permission.INTEGRATIONS_READ)], responses=documented(NotFound))
async def list_deployments(found: Found, services: Wired) -> list[Deployment]:
    """What runs where, and what did, the newest change first."""
    return await services.deployments.of(found.id)


@router.post(
    "/deployments",
    dependencies=[needs(Permission.INTEGRATIONS_DEPLOY, about=attributes.environment)],
    status_code=status.HTTP_202_ACCEPTED,
    responses=_RESPONSES,
)
async def deploy_version(body: NewDeployment, found: Found, services: Wired, start: Start) -> RunStarted:
    """Put a version into an environment. What serves there serves on until the new one has taken over."""
    version = body.version or await _newest(found, services)
    return await start.deployment(
        found,
        version,
        environment=body.environment,
        tests=body.tests,
        rollout=body.rollout,
        reason=body.reason,
    )


@router.post(
    "/promote",
    dependencies=[needs(Permission.INTEGRATIONS_DEPLOY, about=attributes.production)],
    status_code=status.HTTP_202_ACCEPTED,
    responses=_RESPONSES,
)
async def promote_version(body: Promotion, found: Found, services: Wired, start: Start) -> RunStarted:
    """Put what serves in staging into production."""
    serves = [
        one.version
        for one in await services.deployments.of(found.id)
        if (one.environment, one.state) == (Environment.STAGING, DeploymentStage.SERVING)
    ]
    if not serves:
        raise Conflict(f"Nothing of {found.name or found.id} serves in staging; deploy a version there first.")
    return await start.deployment(found, serves[0], rollout=body.rollout, reason=body.reason or "promoted")


@router.post(
    "/rollback",
    dependencies=[needs(Permission.INTEGRATIONS_ROLLBACK, about=attributes.production)],
    status_code=status.HTTP_202_ACCEPTED,
    responses=_RESPONSES,
)
async def roll_back(body: WayBack, found: Found, services: Wired, start: Start) -> RunStarted:
    """Have an earlier version serve production again, at once, with the configuration that it had."""
    version = body.version or await _before(found, services)
    return await start.deployment(found, version, rollback=True, reason=body.reason)


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
