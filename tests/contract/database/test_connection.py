"""Starting, migrating, and what is said when the database is not there."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr, ValidationError
from sqlalchemy import inspect

from adapters.database import Database, DatabaseSettings, SqlIntegrations
from adapters.database.engine import make_engine
from adapters.database.migrate import configuration, migrate
from adapters.database.tables import metadata
from domain.errors import NotFound, StorageUnavailable
from domain.lifecycle import Stage
from tests.contract.database import rivals
from tests.servers import PASSWORD, free_ports


def settings(url: str, **more: object) -> DatabaseSettings:
    return DatabaseSettings(url=SecretStr(url), **more)


async def test_processes_that_start_at_once_migrate_once(empty_url, other_process):
    there = asyncio.get_running_loop().run_in_executor(other_process, rivals.run_migrate, empty_url)
    await asyncio.gather(there, migrate(empty_url), migrate(empty_url))
    await migrate(empty_url)
    db = await Database.open(settings(empty_url))
    with pytest.raises(NotFound):
        await SqlIntegrations(db).find("x")
    await db.close()


async def test_the_migrations_make_the_tables_and_can_take_them_back(empty_url):
    await migrate(empty_url)
    engine = make_engine(settings(empty_url))

    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    try:
        async with engine.begin() as connection:
            assert await connection.run_sync(differences) == []
            await connection.run_sync(lambda sync: command.downgrade(configuration(sync), "base"))
            assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["alembic_version"]
    finally:
        await engine.dispose()


async def test_a_cancelled_change_is_undone_and_leaves_no_lock(db, requested):
    """An activity may be cancelled at any await."""
    store = SqlIntegrations(db)
    row = await store.accept(requested(), workflow_id="w", run_id="r")
    for steps in range(1, 40, 3):
        change = asyncio.ensure_future(store.enter(row.id, Stage.REQUESTED, key=f"k{steps}"))
        for _ in range(steps):
            await asyncio.sleep(0)
        change.cancel()
        await asyncio.gather(change, return_exceptions=True)
    async with asyncio.timeout(10):
        await store.enter(row.id, Stage.ANALYZING, key="last")
    events = await store.events(row.id)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert len(await store.audit(row.id)) == len(events)


async def test_a_reader_does_not_wait_for_a_writer(db, other_db, requested):
    store = SqlIntegrations(other_db)
    row = await store.accept(requested(), workflow_id="w", run_id="r")
    async with db.write() as connection:
        await connection.exec_driver_sql("UPDATE integrations SET title = 'later'")
        async with asyncio.timeout(5):
            assert (await store.get(row.id)).title == row.title


async def test_no_server_is_said_with_what_to_check():
    (port,) = free_ports(1)
    with pytest.raises(StorageUnavailable, match="Check that the server runs") as caught:
        await Database.open(settings(f"postgresql+asyncpg://ccb:hush@127.0.0.1:{port}/ccb"))
    assert "hush" not in str(caught.value)


async def test_a_wrong_password_is_said_and_not_shown(postgres):
    with pytest.raises(StorageUnavailable, match="password authentication failed") as caught:
        await Database.open(settings(f"postgresql://ccb:wr0ng@127.0.0.1:{postgres.port}/postgres"))
    assert "wr0ng" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


async def test_connections_that_the_server_closed_are_replaced(postgres):
    url = await postgres.create_database()
    db = await Database.open(settings(url))
    try:
        await postgres.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{url.rpartition('/')[2]}'"
        )
        # One that was cut off this very moment may be given out once more, which is told; never twice.
        with contextlib.suppress(StorageUnavailable):
            await db.ping()
        await db.ping()
    finally:
        await db.close()


async def test_a_file_that_cannot_be_made_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="Check that the file can be written"):
        await Database.open(settings(f"sqlite:///{tmp_path}/file/ccb.db"))
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StorageUnavailable, match="unable to open database file"):
        await migrate(f"sqlite:///{tmp_path}/folder.db")


async def test_a_file_that_is_no_database_is_said(tmp_path: Path):
    (tmp_path / "notes.db").write_text("not a database " * 100)
    with pytest.raises(StorageUnavailable, match="file is not a database"):
        await Database.open(settings(f"sqlite:///{tmp_path}/notes.db"))


async def test_a_database_without_tables_is_said(tmp_path: Path):
    db = await Database.open(settings(f"sqlite:///{tmp_path}/ccb.db"))
    with pytest.raises(StorageUnavailable, match="no such table: integrations"):
        await SqlIntegrations(db).find("x")
    await db.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://", "sqlite+aiosqlite:///:memory:"])
def test_other_urls_are_refused(url):
    with pytest.raises(ValidationError, match="CCB_DATABASE_URL"):
        settings(url)
