"""The end of an integration: that it is announced, and what stands in its way."""

from datetime import datetime

from pydantic import AwareDatetime

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.dependencies import Dependent
from domain.ids import DeploymentId, IntegrationId
from domain.people import Actor
from domain.vendors import Notice


class Deprecation(Data):
    """That an integration will end, why, who says so, and what its stable URL says of it."""

    integration_id: IntegrationId
    reason: str
    by: Actor
    notice: Notice


class Used(Data):
    """A deployment whose stable URL had requests within the last `seconds`; with 0 of them, nobody can say."""

    deployment_id: DeploymentId
    requests: int
    seconds: float
    last_request_at: AwareDatetime | None = None


class InUse(Data):
    """What there is of an integration outside, and who still needs it.

    `routes` are its stable URLs by name, with the deployment that each points at. Until `sunset_at`, if that was
    announced, people count on it.
    """

    routes: dict[str, DeploymentId] = {}
    deployments: list[DeploymentId] = []
    dependents: list[Dependent] = []
    used: list[Used] = []
    sunset_at: AwareDatetime | None = None

    def in_the_way(self, now: datetime) -> list[str]:
        """Why it cannot be retired, in words; empty if it can."""
        needed = [f"{one.name} {one.version} depends on it ({one.version_range})" for one in self.dependents]
        busy = [
            f"it had {one.requests} requests in the last {one.seconds / 60:.0f} minutes"
            + (f", the last at {one.last_request_at:%H:%M:%S} UTC" if one.last_request_at else "")
            if one.seconds
            else "its target cannot say whether it is still used"
            for one in self.used
        ]
        early = self.sunset_at is not None and now < self.sunset_at
        promised = [f"it was announced to serve until {self.sunset_at:%Y-%m-%d %H:%M %Z}"] if early else []
        return needed + busy + promised


class Archive(Data):
    """What stays of a retired integration, read back: its versions with files and reports, and its bundles."""

    versions: list[str]
    bundles: list[str]
    artifacts: list[ArtifactRef] = []

    @property
    def words(self) -> str:
        return f"{len(self.versions)} versions, {len(self.bundles)} bundles, {len(self.artifacts)} artifacts"
