"""Building the services of the API process, once."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.artifacts import ArtifactSettings, open_artifacts
from adapters.bus import RedisSettings
from adapters.counters import open_request_counters
from adapters.database import Database, DatabaseSettings, SecretsSettings
from adapters.oidc import OidcSettings
from adapters.openapi import OpenApiDocuments, OpenApiSettings
from adapters.policy import BudgetSettings, ReviewSettings
from adapters.targets import Chosen, chosen, open_target
from adapters.temporal import EncryptionCodec, TemporalRuns, TemporalSettings, TemporalTests, connect, parse_keys
from adapters.temporal.schedules import TemporalSchedules
from api.federation import open_federation
from api.intake import Intake
from api.logins import Doorkeeper, DoorSettings, open_door
from api.services import Probe, Services
from api.settings import ApiSettings, EdgeSettings, RateSettings, WebhookSettings
from api.stores import open_stores
from domain.errors import InvalidInput, StorageUnavailable
from domain.people import Role
from domain.ports import Artifacts, Counters, People, Target

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
    redis: RedisSettings = field(default_factory=RedisSettings)
    edge: EdgeSettings = field(default_factory=EdgeSettings)
    rates: RateSettings = field(default_factory=RateSettings)
    door: DoorSettings = field(default_factory=DoorSettings)
    oidc: OidcSettings = field(default_factory=OidcSettings)


async def open_services(settings: ProcessSettings) -> Services:
    """Raises StorageUnavailable if the database or Temporal does not answer."""
    async with AsyncExitStack() as opened:
        client = await connect(settings.temporal)
        database = await Database.open(settings.database)
        opened.push_async_callback(database.close)
        stores = open_stores(database, settings.secrets, settings.budget)
        await admit_operator(stores.people, settings.api.key_file)
        artifacts, runs = open_artifacts(settings.artifacts), TemporalRuns(client)
        target = open_target(settings.target)
        opened.push_async_callback(target.close)
        counters = open_request_counters(settings.door.redis.plain_url)
        opened.push_async_callback(counters.close)
        door = _door(database, stores.people, counters, settings)
        opened.push_async_callback(door.close)
        federation = open_federation(
            database, settings.oidc, public_url=settings.edge.public_url, port=settings.api.port
        )
        opened.push_async_callback(federation.providers.close)
        return Services(
            **vars(stores),
            settings=settings.api,
            edge=settings.edge,
            rates=settings.rates,
            counters=counters,
            connections=database.connections,
            review=settings.review,
            budget=settings.budget,
            sessions=door.sessions,
            door=door,
            federation=federation,
            schedules=TemporalSchedules(client),
            artifacts=artifacts,
            documents=OpenApiDocuments(settings.documents),
            target=target,
            tests=TemporalTests(client),
            runs=runs,
            temporal=settings.temporal,
            codec=EncryptionCodec(parse_keys(keys)) if (keys := settings.temporal.payload_keys) else None,
            intake=Intake(deliveries=stores.deliveries, runs=runs, keep=timedelta(days=settings.webhooks.keep_days)),
            webhooks=settings.webhooks,
            probes=_probes(database, client, artifacts, target),
            close=opened.pop_all().aclose,
        )


def _door(database: Database, people: People, counters: Counters, settings: ProcessSettings) -> Doorkeeper:
    return open_door(
        database,
        people,
        counters,
        settings.door,
        secrets=settings.secrets,
        data_dir=settings.api.data_dir,
        api_url=settings.edge.public_url or f"http://127.0.0.1:{settings.api.port}",
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
