"""What the endpoints are given: built once at the entry point, passed down."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from adapters.policy import BudgetSettings, ReviewSettings
from adapters.temporal import EncryptionCodec, TemporalRuns, TemporalSettings
from adapters.temporal.schedules import TemporalSchedules
from api.federation import Federation
from api.intake import Intake
from api.logins import Doorkeeper
from api.settings import ApiSettings, EdgeSettings, RateSettings, WebhookSettings
from api.stores import Stores
from domain.ports import ApiDocuments, Artifacts, Counters, Sessions, Target, Tests
from domain.rates import Connections

Probe = Callable[[], Awaitable[None]]
"""Raises a CcbError if the thing does not answer."""


@dataclass(frozen=True)
class Services(Stores):
    """`probes` are round trips to what the API stands on, by name; `close` gives back what the services hold."""

    settings: ApiSettings
    edge: EdgeSettings
    rates: RateSettings
    counters: Counters
    connections: Callable[[], Connections]
    review: ReviewSettings
    budget: BudgetSettings
    sessions: Sessions
    door: Doorkeeper
    federation: Federation
    schedules: TemporalSchedules
    artifacts: Artifacts
    documents: ApiDocuments
    target: Target
    tests: Tests
    runs: TemporalRuns
    temporal: TemporalSettings
    codec: EncryptionCodec | None
    intake: Intake
    webhooks: WebhookSettings
    probes: Mapping[str, Probe]
    close: Callable[[], Awaitable[None]]


def services_of(request: Request) -> Services:
    services = request.app.state.services
    if not isinstance(services, Services):
        raise TypeError("the app was made without its services")
    return services


async def _services(request: Request) -> Services:
    """A coroutine, as all dependencies are: FastAPI runs a plain function in a thread."""
    return services_of(request)


Wired = Annotated[Services, Depends(_services)]
