"""Steps in the database, and steps that start and steer runs."""

from domain.base import Data
from domain.ids import IntegrationId
from domain.lifecycle import Operation, Stage
from domain.people import Actor
from domain.plan import Name
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
    """A run of `operation` begins on an integration that is in one of the stages `of`."""

    integration_id: IntegrationId
    operation: Operation
    requester: Actor
    workflow_id: str
    run_id: str
    of: list[Stage] = [Stage.ACTIVE]
    detail: str = ""


class Standing(Data):
    """What a run finds: the integration as it was before, the version that serves and its entry in the registry."""

    integration: Integration
    version: Version | None = None
    entry: RegistryEntry | None = None


class ClaimName(Data):
    integration_id: IntegrationId
    name: Name


class EnterStage(Data):
    """`returning`: the run was undone, and the integration is again where it was before it."""

    integration_id: IntegrationId
    stage: Stage
    key: str
    actor: Actor | None = None
    detail: str = ""
    version: str | None = None
    url: str | None = None
    returning: bool = False


class RecordVersion(Data):
    version: Version
    key: str


class VersionOf(Data):
    integration_id: IntegrationId
    version: str


class RecordReview(Data):
    integration_id: IntegrationId
    version: str
    review: Review


class Register(Data):
    entry: RegistryEntry


class TellHeadMoved(Data):
    integration_id: str
    moved: HeadMoved


class StartCreate(Data):
    create: CreateIntegration


class ActOnReview(Data):
    integration_id: str
    review: Review


class StopRun(Data):
    integration_id: str
    abandon: Abandon


class FinishDelivery(Data):
    source: str
    id: str
    outcome: DeliveryOutcome
