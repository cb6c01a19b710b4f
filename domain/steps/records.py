"""Steps in the database, and steps that start and steer runs."""

from domain.base import Data
from domain.ids import IntegrationId
from domain.lifecycle import Stage
from domain.people import Actor
from domain.plan import Name
from domain.registry import RegistryEntry, Version
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


class ClaimName(Data):
    integration_id: IntegrationId
    name: Name


class EnterStage(Data):
    integration_id: IntegrationId
    stage: Stage
    key: str
    actor: Actor | None = None
    detail: str = ""
    version: str | None = None
    url: str | None = None


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
