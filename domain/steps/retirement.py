"""Steps of deprecating and retiring, and of what integrations need of each other."""

from datetime import timedelta

from pydantic import Field

from domain.base import Data
from domain.ids import DeploymentId, IntegrationId, RouteName
from domain.people import Actor
from domain.plan import Dependency, Name
from domain.vendors import Notice, RepoName


class CheckDependencies(Data):
    """Whether this version may be deployed, as far as others are concerned; `serves`: in place of the one before.

    `patient`: what is missing is waited for.
    """

    integration_id: IntegrationId
    name: Name
    version: str
    dependencies: list[Dependency] = []
    serves: bool = True
    patient: bool = False


class Unmet(Data):
    """What it needs that is missing or out of range, in words."""

    needs: list[str]


class One(Data):
    """One integration."""

    integration_id: IntegrationId


class Announce(Data):
    """What the stable URL says with every answer; None for nothing."""

    name: Name
    notice: Notice | None


class LookForUse(Data):
    integration_id: IntegrationId
    within: timedelta


class Withdraw(Data):
    integration_id: IntegrationId
    forced: bool
    actor: Actor


class PointRoute(Data):
    """Point the stable URL `route` at `to`, but only if it points at `away_from` now (None: at nothing)."""

    route: RouteName
    away_from: DeploymentId | None
    to: DeploymentId | None


class RemoveFolder(Data):
    repo: RepoName
    folder: str = Field(pattern=r"^integrations/[a-z0-9-]+$")
    message: str
    key: str
