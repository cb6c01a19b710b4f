"""What is done to an integration that exists: the inputs of the sagas besides CreateIntegration.

Workflow names are frozen wire names: a rename strands what is in flight.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.runs import DocumentSource, Work

UPDATE_WORKFLOW = "UpdateIntegration"
DEPLOY_WORKFLOW = "DeployVersion"
DEPRECATE_WORKFLOW = "DeprecateIntegration"
UNDEPRECATE_WORKFLOW = "UndeprecateIntegration"
RETIRE_WORKFLOW = "RetireIntegration"

VersionNumber = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$", max_length=50)]


class Environment(StrEnum):
    """Where a version is deployed. Each has a stable URL of its own."""

    STAGING = "staging"
    PRODUCTION = "production"


class UpdateReason(Data):
    """Why there should be a new version. `title` and `words` are untrusted text; `evidence` is what shows the need."""

    kind: Literal["request", "review", "check", "drift"] = "request"
    title: str = Field(min_length=1, max_length=300)
    words: str = Field(default="", max_length=100_000)
    evidence: ArtifactRef | None = None


class Rollout(Data):
    """How traffic moves to a new deployment, and when it goes back.

    `canary` sends it `steps` percent of the requests, one after another, then all of them; `blue_green` all at once.
    Each is held for `hold`, and the old one runs on until the last is over. The new one is looked at every five
    seconds, or every twentieth of a `hold` that is long. It is worse, and everything returns to the old one at once, if
    it is unhealthy, if its share of errors is over `errors` and over that of the old by `errors`, or if its 95th
    percentile is over `slower` times that of the old and over `floor_ms`. Fewer than `requests` requests in a step say
    nothing about errors and latency.
    """

    strategy: Literal["canary", "blue_green"] = "canary"
    steps: Annotated[list[Annotated[int, Field(ge=1, le=99)]], Field(max_length=10)] = [10, 50]
    hold: timedelta = Field(default=timedelta(seconds=30), gt=timedelta(0), le=timedelta(days=7))
    errors: float = Field(default=0.02, ge=0, le=1)
    slower: float = Field(default=2.0, ge=1)
    floor_ms: float = Field(default=100.0, ge=0)
    requests: int = Field(default=20, ge=1)

    @property
    def shares(self) -> list[int]:
        """Percent of the requests that the new one is sent before it is sent all."""
        return self.steps if self.strategy == "canary" else []


class UpdateIntegration(Work):
    """Input of the UpdateIntegration saga: a new version from the files of the one that serves.

    `document` is the API's document to build for; None: the one that the served version was built for, read anew.
    """

    reason: UpdateReason
    document: DocumentSource | None = None
    rollout: Rollout = Rollout()


class DeployVersion(Work):
    """Input of the DeployVersion saga: a version that is recorded, put into an environment.

    A deployment to production of what serves in staging is a promotion; of an earlier version a rollback, which takes
    no rollout: it is the way back, to production alone. `tests`: it is tested once more before; a rollback never is.
    """

    version: VersionNumber
    environment: Environment = Environment.PRODUCTION
    rollback: bool = False
    tests: bool = True
    reason: str = Field(default="", max_length=1000)
    rollout: Rollout = Rollout()


class DeprecateIntegration(Work):
    """Input of the DeprecateIntegration saga. `sunset_at` is when it will be gone, if that is known."""

    reason: str = Field(min_length=1, max_length=1000)
    sunset_at: AwareDatetime | None = None
    link: str = Field(default="", max_length=500)


class UndeprecateIntegration(Work):
    """Input of the UndeprecateIntegration saga: it will not end after all."""

    reason: str = Field(min_length=1, max_length=1000)


class RetireIntegration(Work):
    """Input of the RetireIntegration saga. `forced`: although others depend on it, or it is still used.

    It is still used if its stable URL had a request within the last `quiet`.
    """

    reason: str = Field(min_length=1, max_length=1000)
    forced: bool = False
    quiet: timedelta = timedelta(minutes=15)


LaterWork = UpdateIntegration | DeployVersion | DeprecateIntegration | UndeprecateIntegration | RetireIntegration
