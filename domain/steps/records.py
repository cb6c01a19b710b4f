"""Steps in the database, and steps that start and steer runs."""

from domain.base import Data
from domain.deployments import Elsewhere
from domain.ids import IntegrationId
from domain.lifecycle import Operation, Stage
from domain.manifest import Manifest
from domain.operations import UpdateIntegration
from domain.people import Actor
from domain.plan import Name, Plan
from domain.registry import Integration, RegistryEntry, Version
from domain.review import Review
from domain.runs import (
    Abandon,
    CreateIntegration,
    DeliveryOutcome,
    HeadMoved,
)


class Accept(Data):
    create: CreateIntegration
    workflow_id: str
    run_id: str
    base_url: str | None = None


class BeginRun(Data):
    """A run of `operation` begins on an integration that is in one of the stages `of`, and enters `stage` at once."""

    integration_id: IntegrationId
    operation: Operation
    requester: Actor
    workflow_id: str
    run_id: str
    of: list[Stage] = [Stage.ACTIVE]
    stage: Stage | None = None
    detail: str = ""
    request_key: str = ""


class Standing(Data):
    """What a run finds: the integration as it was before, the version that serves and its entry in the registry.

    `newest` is the highest version that is recorded, whether it serves or not.
    """

    integration: Integration
    version: Version | None = None
    entry: RegistryEntry | None = None
    newest: str | None = None


class ClaimName(Data):
    integration_id: IntegrationId
    name: Name


class EnterStage(Data):
    """`returning`: the run was undone, and the integration is again where it was before it.

    `elsewhere`: it is back because a version serves in another environment; what serves in production is what did.
    """

    integration_id: IntegrationId
    stage: Stage
    key: str
    actor: Actor | None = None
    detail: str = ""
    version: str | None = None
    url: str | None = None
    returning: bool = False
    elsewhere: Elsewhere | None = None


class RecordVersion(Data):
    version: Version
    key: str


class VersionOf(Data):
    integration_id: IntegrationId
    version: str


class LoadVersion(Data):
    """A version that is recorded; with `earlier`, one before the version that serves in production."""

    integration_id: IntegrationId
    version: str
    earlier: bool = False


class Loaded(Data):
    """A version as it was approved, with what it says of itself."""

    version: Version
    plan: Plan
    manifest: Manifest


class RecordReview(Data):
    integration_id: IntegrationId
    version: str
    review: Review


class Register(Data):
    """`forced`: whatever it needs of others, and they of it; an undo and a way back are not held up by that."""

    entry: RegistryEntry
    forced: bool = False


class TellHeadMoved(Data):
    integration_id: str
    moved: HeadMoved


class StartCreate(Data):
    create: CreateIntegration


class StartUpdate(Data):
    update: UpdateIntegration


class UpdateStarted(Data):
    """Whether a run was started; if not, `why`: it is a result, that another run is under way."""

    started: bool
    why: str = ""


class ActOnReview(Data):
    integration_id: str
    review: Review


class StopRun(Data):
    """`pull_request`: only the run whose pull request this is; another run of the integration is left alone."""

    integration_id: str
    abandon: Abandon
    pull_request: int | None = None


class RetryRun(Data):
    integration_id: str
    by: Actor
    request_key: str = ""


class FinishDelivery(Data):
    source: str
    id: str
    outcome: DeliveryOutcome
