"""What the endpoints are given: built once at the entry point, passed down."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from adapters.database import SqlAudit, SqlReencryption, SqlSecrets
from adapters.policy import BudgetSettings, ReviewSettings
from adapters.temporal import EncryptionCodec, TemporalRuns, TemporalSettings
from adapters.temporal.schedules import TemporalSchedules
from api.federation import Federation
from api.intake import Intake
from api.logins import Doorkeeper
from api.settings import ApiSettings, EdgeSettings, RateSettings, WebhookSettings
from domain.ports import (
    ApiDocuments,
    Artifacts,
    Checkpoints,
    Counters,
    Deliveries,
    Dependencies,
    Deployments,
    Deprecations,
    DriftBook,
    HealthBook,
    Integrations,
    Keys,
    Limits,
    Live,
    Organizations,
    People,
    Repeats,
    Roles,
    RunRecords,
    Sessions,
    Target,
    TestRuns,
    Tests,
)
from domain.rates import Connections

Probe = Callable[[], Awaitable[None]]
"""Raises a CcbError if the thing does not answer."""


@dataclass(frozen=True)
class Services:
    """`probes` are round trips to what the API stands on, by name; `close` gives back what the services hold."""

    settings: ApiSettings
    edge: EdgeSettings
    rates: RateSettings
    counters: Counters
    repeats: Repeats
    connections: Callable[[], Connections]
    review: ReviewSettings
    budget: BudgetSettings
    integrations: Integrations
    people: People
    sessions: Sessions
    door: Doorkeeper
    federation: Federation
    keys: Keys
    organizations: Organizations
    roles: Roles
    secrets: SqlSecrets
    limits: Limits
    audit: SqlAudit
    reencryption: SqlReencryption
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
    run_records: RunRecords
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
