"""What the endpoints are given: built once at the entry point, passed down."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from adapters.database import SqlSecrets
from adapters.policy import BudgetSettings, ReviewSettings
from adapters.temporal import EncryptionCodec, TemporalRuns, TemporalSettings
from adapters.temporal.schedules import TemporalSchedules
from api.intake import Intake
from api.settings import ApiSettings, WebhookSettings
from domain.ports import (
    ApiDocuments,
    Artifacts,
    Checkpoints,
    Deliveries,
    Dependencies,
    Deployments,
    Deprecations,
    DriftBook,
    HealthBook,
    Integrations,
    Limits,
    Live,
    People,
    Target,
    TestRuns,
    Tests,
)

Probe = Callable[[], Awaitable[None]]
"""Raises a CcbError if the thing does not answer."""


@dataclass(frozen=True)
class Services:
    """`probes` are round trips to what the API stands on, by name; `close` gives back what the services hold."""

    settings: ApiSettings
    review: ReviewSettings
    budget: BudgetSettings
    integrations: Integrations
    people: People
    secrets: SqlSecrets
    limits: Limits
    deliveries: Deliveries
    deployments: Deployments
    dependencies: Dependencies
    deprecations: Deprecations
    health: HealthBook
    drift: DriftBook
    schedules: TemporalSchedules
    live: Live
    checkpoints: Checkpoints
    artifacts: Artifacts
    documents: ApiDocuments
    target: Target
    tests: Tests
    test_runs: TestRuns
    runs: TemporalRuns
    temporal: TemporalSettings
    codec: EncryptionCodec | None
    intake: Intake
    webhooks: WebhookSettings
    probes: Mapping[str, Probe]
    close: Callable[[], Awaitable[None]]


def _services(request: Request) -> Services:
    services = request.app.state.services
    if not isinstance(services, Services):
        raise TypeError("the app was made without its services")
    return services


Wired = Annotated[Services, Depends(_services)]
