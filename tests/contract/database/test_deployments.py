"""What runs where, on both databases: one serves in each environment, and every change may be repeated."""

from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import text

from adapters.database import Database, SqlDeployments, SqlIntegrations
from adapters.database.engine import make_engine
from adapters.database.migrate import configuration, migrate
from domain import ids
from domain.deployments import Deployment, DeploymentStage
from domain.operations import Environment
from tests.contract.database.test_connection import settings
from tests.contract.database.test_lifecycle import RUN, entry_of

PRODUCTION, STAGING = Environment.PRODUCTION, Environment.STAGING


@pytest.fixture
def store(db: Database) -> SqlDeployments:
    return SqlDeployments(db)


def one(integration_id: str, version: str, environment: Environment = PRODUCTION) -> Deployment:
    return Deployment(
        id=ids.deployment(integration_id, version, environment),
        integration_id=integration_id,
        version=version,
        environment=environment,
        target="process",
    )


async def states(store: SqlDeployments, integration_id: str) -> dict[tuple[str, Environment], DeploymentStage]:
    return {(found.version, found.environment): found.state for found in await store.of(integration_id)}


async def test_the_one_that_serves_replaces_the_one_before_in_its_environment(db, store, requested):
    row = await SqlIntegrations(db).accept(requested(), **RUN)
    first, second, other = one(row.id, "1.0.0"), one(row.id, "1.1.0"), one(row.id, "1.1.0", STAGING)
    assert await store.of(row.id) == []
    for deployment, url in ((first, "http://one"), (other, "http://staging"), (second, "http://one")):
        for _ in range(2):
            await store.started(deployment)
        for _ in range(2):
            await store.serves(deployment.id, url)
    assert await states(store, row.id) == {
        ("1.0.0", PRODUCTION): "replaced",
        ("1.1.0", PRODUCTION): "serving",
        ("1.1.0", STAGING): "serving",
    }
    newest = (await store.of(row.id))[0]
    assert (newest.id, newest.url, newest.target) == (second.id, "http://one", "process")
    assert newest.since is not None
    assert (datetime.now(UTC) - newest.since).total_seconds() < 60
    for _ in range(2):
        await store.stopped(first.id)
    assert (await states(store, row.id))[("1.0.0", PRODUCTION)] == "stopped"


async def test_going_back_makes_the_one_before_serve_again(db, store, requested):
    row = await SqlIntegrations(db).accept(requested(), **RUN)
    first, second = one(row.id, "1.0.0"), one(row.id, "1.1.0")
    for deployment in (first, second):
        await store.started(deployment)
        await store.serves(deployment.id, "http://one")
    for _ in range(2):
        await store.returned(second.id, first.id)
    assert await states(store, row.id) == {("1.0.0", PRODUCTION): "serving", ("1.1.0", PRODUCTION): "replaced"}
    # The undo of a step that never ran, and of the first deployment there ever was.
    await store.returned(second.id, first.id)
    await store.returned(first.id, None)
    assert await states(store, row.id) == {("1.0.0", PRODUCTION): "replaced", ("1.1.0", PRODUCTION): "replaced"}


async def test_what_is_not_noted_is_left_alone_and_what_serves_is_not_started_anew(db, store, requested):
    row = await SqlIntegrations(db).accept(requested(), **RUN)
    first = one(row.id, "1.0.0")
    for change in (store.serves(first.id, "http://one"), store.stopped(first.id), store.returned(first.id, None)):
        await change
    assert await store.of(row.id) == []
    await store.started(first)
    await store.serves(first.id, "http://one")
    await store.started(first)
    assert await states(store, row.id) == {("1.0.0", PRODUCTION): "serving"}
    await store.stopped(first.id)
    await store.started(first)
    assert await states(store, row.id) == {("1.0.0", PRODUCTION): "starting"}


async def test_what_served_before_there_was_a_list_is_on_it(empty_url, requested):
    await migrate(empty_url)
    db = await Database.open(settings(empty_url))
    try:
        store = SqlIntegrations(db)
        row = await store.accept(requested(name="weather"), **RUN)
        for number in ("1.0.0", "1.1.0"):
            await store.register(entry_of(row.id, "weather", number))
        engine = make_engine(settings(empty_url))
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM deployments"))
            await connection.run_sync(lambda sync: command.downgrade(configuration(sync), "0006"))
        await engine.dispose()
        await migrate(empty_url)
        (found,) = await SqlDeployments(db).of(row.id)
        entry = await store.entry(row.id)
    finally:
        await db.close()
    assert entry is not None
    assert (found.id, found.version, found.url) == (entry.deployment_id, "1.1.0", entry.url)
    assert (found.environment, found.state, found.since) == ("production", "serving", entry.registered_at)
