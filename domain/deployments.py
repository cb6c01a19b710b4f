"""Deployments as the database has them: one version in one environment on one target, with a URL."""

from enum import StrEnum

from pydantic import AwareDatetime

from domain.base import Data
from domain.ids import DeploymentId, IntegrationId
from domain.operations import Environment


class DeploymentStage(StrEnum):
    """Where a deployment stands.

    `STARTING` until the stable URL points at it, `SERVING` then; `REPLACED` when it points elsewhere and it still runs.
    """

    STARTING = "starting"
    SERVING = "serving"
    REPLACED = "replaced"
    STOPPED = "stopped"


class Elsewhere(Data):
    """A version that came to serve in another environment than production, and the stable URL there."""

    environment: Environment
    version: str
    url: str


class Deployment(Data):
    """A deployment. `url` is the stable URL that it serves or served under; `since` is when it entered its state."""

    id: DeploymentId
    integration_id: IntegrationId
    version: str
    environment: Environment
    target: str
    state: DeploymentStage = DeploymentStage.STARTING
    url: str | None = None
    since: AwareDatetime | None = None
