"""Building the services of the API process, once."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.artifacts import ArtifactSettings, open_artifacts
from adapters.database import (
    Database,
    DatabaseSettings,
    SecretsSettings,
    SqlCheckpoints,
    SqlDeliveries,
    SqlDeployments,
    SqlDeprecations,
    SqlDrift,
    SqlHealth,
    SqlIntegrations,
    SqlLimits,
    SqlLive,
    SqlPeople,
    SqlSecrets,
    SqlTestRuns,
)
from adapters.openapi import OpenApiDocuments, OpenApiSettings
from adapters.policy import BudgetSettings, ReviewSettings
from adapters.targets import Chosen, chosen, open_target
from adapters.temporal import EncryptionCodec, TemporalRuns, TemporalSettings, TemporalTests, connect, parse_keys
from adapters.temporal.schedules import TemporalSchedules
from api.intake import Intake
from api.services import Probe, Services
from api.settings import ApiSettings, WebhookSettings
from domain.errors import InvalidInput, StorageUnavailable
from domain.people import Role
from domain.ports import Artifacts, People, Target

OPERATOR = "operator"
_PROBED = "ccb-probe"


@dataclass(frozen=True)
class ProcessSettings:
    """The settings of everything the process stands on, from the environment."""

    api: ApiSettings = field(default_factory=ApiSettings)
    review: ReviewSettings = field(default_factory=ReviewSettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    temporal: TemporalSettings = field(default_factory=TemporalSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    secrets: SecretsSettings = field(default_factory=SecretsSettings)
    artifacts: ArtifactSettings = field(default_factory=ArtifactSettings)
    documents: OpenApiSettings = field(default_factory=OpenApiSettings)
    target: Chosen = field(default_factory=chosen)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)


async def open_services(settings: ProcessSettings) -> Services:
    """Raises StorageUnavailable if the database or Temporal does not answer."""
    client = await connect(settings.temporal)
    database = await Database.open(settings.database)
    people = SqlPeople(database)
    await admit_operator(people, settings.api.key_file)
    artifacts = open_artifacts(settings.artifacts)
    deliveries = SqlDeliveries(database)
    runs = TemporalRuns(client)
    target = open_target(settings.target)

    async def close() -> None:
        await target.close()
        await database.close()

    return Services(
        settings=settings.api,
        review=settings.review,
        budget=settings.budget,
        integrations=SqlIntegrations(database),
        people=people,
        secrets=SqlSecrets(database, settings.secrets),
        limits=SqlLimits(database, settings.budget.limits()),
        deliveries=deliveries,
        deployments=SqlDeployments(database),
        dependencies=SqlIntegrations(database),
        deprecations=SqlDeprecations(database),
        health=SqlHealth(database),
        drift=SqlDrift(database),
        schedules=TemporalSchedules(client),
        live=SqlLive(database),
        checkpoints=SqlCheckpoints(database),
        artifacts=artifacts,
        documents=OpenApiDocuments(settings.documents),
        target=target,
        runs=runs,
        tests=TemporalTests(client),
        test_runs=SqlTestRuns(database),
        temporal=settings.temporal,
        codec=EncryptionCodec(parse_keys(keys)) if (keys := settings.temporal.payload_keys) else None,
        intake=Intake(artifacts=artifacts, deliveries=deliveries, runs=runs),
        webhooks=settings.webhooks,
        probes=_probes(database, client, artifacts, target),
        close=close,
    )


async def admit_operator(people: People, key_file: Path) -> None:
    """Make the key in the operator's key file, if there is one, that of an administrator."""
    try:
        key = (await asyncio.to_thread(key_file.read_text)).strip()
    except FileNotFoundError:
        return
    except OSError as error:
        raise InvalidInput(f"The operator's key {key_file} cannot be read: {error.strerror}.") from error
    if len(key) < 32:
        raise InvalidInput(f"{key_file} does not hold a key: it needs at least 32 characters.")
    operator = await people.ensure(OPERATOR, Role.ADMIN)
    await people.ensure_key(operator.id, SecretStr(key), label="key file")


def _probes(database: Database, client: Client, artifacts: Artifacts, target: Target) -> dict[str, Probe]:
    async def temporal() -> None:
        try:
            await client.service_client.check_health(timeout=timedelta(seconds=2))
        except RPCError as error:
            raise StorageUnavailable("Temporal does not answer.") from error

    async def stored() -> None:
        # Writing finds a full disk, which reading would not; the same bytes are one object however often it is asked.
        await artifacts.get(await artifacts.put(_PROBED.encode(), "text/plain"))

    async def runner() -> None:
        await target.live(_PROBED)

    return {"database": database.ping, "temporal": temporal, "artifacts": stored, "runner": runner}
