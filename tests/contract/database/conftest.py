"""The same suite over SQLite and PostgreSQL: each test has a migrated database of its own."""

import multiprocessing
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from adapters.database import Database, DatabaseSettings, SqlPeople
from adapters.database.engine import make_engine
from adapters.database.migrate import migrate
from adapters.database.tables import metadata
from domain import ids
from domain.people import Actor, Channel, Person
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest
from domain.vendors import IssueRef
from tests import servers
from tests.contract.database import rivals
from tests.servers import Postgres

DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[Postgres]:
    async with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def other_process() -> Iterator[ProcessPoolExecutor]:
    """Another process, with everything imported. Spawned: a fork would share this one's connections."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(rivals.warm).result()
        yield pool


@pytest.fixture(params=DATABASES)
def server(request: pytest.FixtureRequest) -> Postgres | None:
    """None for SQLite, which needs no server."""
    return request.getfixturevalue("postgres") if request.param == "postgresql" else None


@pytest.fixture
async def empty_url(server: Postgres | None, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    return f"sqlite+aiosqlite:///{tmp_path}/ccb.db" if server is None else await server.create_database()


@pytest.fixture(scope="session")
async def migrated_postgres(postgres: Postgres) -> str:
    url = await postgres.create_database()
    await migrate(url)
    return url


@pytest.fixture(scope="session")
async def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "ccb.db"
    await migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(params=DATABASES)
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that is migrated once for all tests: a copy of the file, or the one that `url` empties."""
    if request.param == "postgresql":
        return request.getfixturevalue("migrated_postgres")
    shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "ccb.db")
    return f"sqlite+aiosqlite:///{tmp_path}/ccb.db"


@pytest.fixture
async def url(migrated: str) -> str:
    """The URL of a database with empty tables."""
    if migrated.startswith("postgresql"):
        engine = make_engine(DatabaseSettings(url=SecretStr(migrated)))
        async with engine.begin() as connection:
            names = ", ".join(table.name for table in metadata.sorted_tables)
            await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
        await engine.dispose()
    return migrated


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    database = await Database.open(DatabaseSettings(url=SecretStr(url)))
    yield database
    await database.close()


@pytest.fixture
async def other_db(url: str) -> AsyncIterator[Database]:
    """A second pool on the same database, as another process has."""
    database = await Database.open(DatabaseSettings(url=SecretStr(url)))
    yield database
    await database.close()


@pytest.fixture
async def scalars(url: str):
    """Ask the database itself: `await scalars("SELECT …")` gives the first column."""
    engine = make_engine(DatabaseSettings(url=SecretStr(url)))

    async def ask(statement: str) -> list[object]:
        async with engine.begin() as connection:
            return list((await connection.execute(text(statement))).scalars())

    yield ask
    await engine.dispose()


@pytest.fixture
def requested():
    """A factory of requests for integrations."""

    def make(*, name: str | None = None, issue: IssueRef | None = None, organization: str = "") -> CreateIntegration:
        return CreateIntegration(
            integration_id=ids.new("int"),
            organization_id=organization or ids.DEFAULT_ORGANIZATION,
            request=IntegrationRequest(
                title="Weather, please ☂", name=name, document=DocumentSource(url="https://example.com/openapi.json")
            ),
            requester=Actor(channel=Channel.GITHUB, name="ada", person_id=ids.new("per")),
            repository="acme/integrations",
            issue=issue,
        )

    return make


@pytest.fixture
async def ada(db) -> str:
    return (await SqlPeople(db).add(Person(id=ids.new("per"), name="ada"))).id


@pytest.fixture
async def bob(db) -> str:
    return (await SqlPeople(db).add(Person(id=ids.new("per"), name="bob"))).id
