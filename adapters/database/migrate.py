"""Migrations: bring a database to the newest schema, once, whoever starts first."""

import asyncio
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import Connection, NullPool, text

from adapters.database.engine import make_engine, translated
from adapters.database.settings import DatabaseSettings

_LOCK_NUMBER = 0x636362  # "ccb": the name of the lock in PostgreSQL
_one_at_a_time = threading.Lock()  # alembic keeps the migration under way in module globals


async def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema; does nothing if it is there. Raises StorageUnavailable.

    All of it is one transaction under a lock: a second process waits and finds it done, and a kill leaves the
    schema as it was. Both databases roll back changes of the schema.
    """
    await asyncio.to_thread(_migrate, DatabaseSettings(url=SecretStr(url)))


def _migrate(settings: DatabaseSettings) -> None:
    with _one_at_a_time:
        asyncio.run(_migrate_locked(settings))


async def _migrate_locked(settings: DatabaseSettings) -> None:
    engine = make_engine(settings, poolclass=NullPool)
    try:
        async with translated(engine.url), engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for a connection that is in a transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
