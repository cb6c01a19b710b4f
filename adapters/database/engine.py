"""The connection to SQLite or PostgreSQL: transactions that are right on both, and errors in our words."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, nullcontext
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import URL, Connection, Pool, QueuePool, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from adapters.database import auditing
from adapters.database.audit_tables import audit_heads
from adapters.database.looking import Found, Look
from adapters.database.settings import DatabaseSettings
from domain.errors import Conflict, InvalidInput, StorageUnavailable
from domain.rates import Connections

_READ_ONLY = "ccb_read_only"
_RESTED = "ccb_rested_since"
_LONG = 1.0
"""Seconds of rest after which a connection may have been cut off: it is tried before it is given out."""
_DATA_EXCEPTION = "22"  # SQLSTATE class 22: the value, not the database


def make_engine(settings: DatabaseSettings, *, poolclass: type[Pool] | None = None) -> AsyncEngine:
    """An engine whose transactions take the write lock when they begin (SQLite), and whose waits are bounded.

    SQLite's driver begins transactions late, so that two readers that both go on to write lose an update without
    an error; BEGIN IMMEDIATE makes the second wait. Write-ahead logging lets readers go on meanwhile.
    """
    url = settings.parsed()
    if url.get_backend_name() == "sqlite":
        _check_file(url)
        engine = create_async_engine(
            url,
            hide_parameters=True,
            poolclass=poolclass,
            connect_args={"isolation_level": None, "timeout": settings.busy_timeout},
            **_pool_arguments(settings, poolclass),
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    engine = create_async_engine(
        url,
        hide_parameters=True,
        poolclass=poolclass,
        connect_args={
            "timeout": settings.connect_timeout,
            "command_timeout": settings.command_timeout,
            "server_settings": {"application_name": "ccb", "idle_in_transaction_session_timeout": "60000"},
        },
        **_pool_arguments(settings, poolclass),
    )
    _try_the_rested(engine)
    return engine


def _try_the_rested(engine: AsyncEngine) -> None:
    """As `pool_pre_ping` does, but not before every use: under load that is a round trip in each of three."""
    dialect: Dialect = engine.dialect

    def returned(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info[_RESTED] = time.monotonic()

    def given(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        driver = record.driver_connection
        if isinstance(driver, asyncpg.Connection) and driver.is_closed():
            raise InvalidatePoolError
        since: float | None = record.info.get(_RESTED)
        if since is None or time.monotonic() - since < _LONG:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            if not dialect.is_disconnect(error, connection, None):
                raise
            raise InvalidatePoolError from error

    event.listen(engine.sync_engine, "checkin", returned)
    event.listen(engine.sync_engine, "checkout", given)


def _check_file(url: URL) -> None:
    """Make the folder and try the file, before a driver's thread is there that would outlive a failure."""
    path = Path(url.database or "").absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA schema_version")
    except (OSError, sqlite3.Error) as error:
        raise _unavailable(url, error) from error


def _pool_arguments(settings: DatabaseSettings, poolclass: type[Pool] | None) -> dict[str, Any]:
    if poolclass is not None and not issubclass(poolclass, QueuePool):
        return {}
    return {"pool_size": settings.pool_size, "max_overflow": 0, "pool_timeout": settings.command_timeout}


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


@asynccontextmanager
async def translated(url: URL) -> AsyncIterator[None]:
    """Database errors become ours. The message never holds the password, the statement or its parameters."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(f"The database refuses this change: {_first_line(error.orig)}.") from error
    except UnicodeEncodeError as error:
        raise InvalidInput("The database cannot take this text: it is not Unicode.") from error
    except DBAPIError as error:
        if isinstance(error, DataError) or _sqlstate(error.orig).startswith(_DATA_EXCEPTION):
            raise InvalidInput(f"The database cannot take this value: {_first_line(error.orig)}.") from error
        raise _unavailable(url, error.orig) from error
    except asyncpg.DataError as error:
        raise InvalidInput(f"The database cannot take this value: {_first_line(error)}.") from error
    # asyncpg raises refused connections and wrong passwords as they are, not wrapped by SQLAlchemy.
    except (OSError, PoolTimeout, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _unavailable(url, error) from error


def _unavailable(url: URL, error: BaseException | None) -> StorageUnavailable:
    if url.get_backend_name() == "sqlite":
        check = "Check that the file can be written and the disk is not full"
    else:
        check = "Check that the server runs, and the address, user and password in CCB_DATABASE_URL"
    where = url.render_as_string(hide_password=True)
    return StorageUnavailable(f"The database {where} cannot be used: {_first_line(error)}. {check}.", database=where)


def _sqlstate(error: BaseException | None) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def _first_line(error: BaseException | None) -> str:
    """The first line only: what follows quotes values. SQLAlchemy puts the driver's class before it."""
    lines = str(error).splitlines() if error is not None else []
    return (lines[0].rpartition(">: ")[2].rstrip(".") if lines else "") or type(error).__name__


class Database:
    """A pool of connections. `write()` is one transaction; `read()` is one consistent look."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        # PostgreSQL's READ COMMITTED shows each statement what is committed, in a transaction or not: two round trips
        # less. SQLite's transaction is one look.
        options = {_READ_ONLY: True} if self._sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._readers = engine.execution_options(**options)
        # SQLite has one writer; its own lock is polled, unfairly. Writers of one process queue here instead.
        self._turn = asyncio.Lock() if self._sqlite else None

    @classmethod
    async def open(cls, settings: DatabaseSettings) -> "Database":
        """Connect and make one round trip. Raises StorageUnavailable."""
        engine = make_engine(settings)
        try:
            async with translated(engine.url), engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine)

    async def close(self) -> None:
        await self._engine.dispose()

    async def ping(self) -> None:
        """One round trip, for readiness checks. Raises StorageUnavailable."""
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))

    def connections(self) -> Connections:
        """How the pool stands at this moment."""
        pool = self._engine.pool
        if not isinstance(pool, QueuePool):
            return Connections(in_use=0, idle=0, most=0)
        return Connections(in_use=pool.checkedout(), idle=pool.checkedin(), most=pool.size())

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at the end and rolled back on any error."""
        async with translated(self._engine.url), self._turn or nullcontext(), self._engine.begin() as connection:
            auditing.begin(connection)
            yield connection
            await auditing.write(connection, self.insert(audit_heads))

    @asynccontextmanager
    async def single(self) -> AsyncIterator[AsyncConnection]:
        """For one statement that changes something and that nobody audits: PostgreSQL commits it as it comes."""
        if self._sqlite:
            async with self.write() as connection:
                yield connection
        else:
            async with self.read() as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with translated(self._engine.url), self._readers.connect() as connection:
            yield connection

    async def look(self, look: Look, **values: object) -> Found:
        """A read that comes with every request."""
        if not self._sqlite:
            async with translated(self._engine.url):
                return await look.ask(self._engine, values)
        async with self.read() as connection:
            return [dict(row) for row in (await connection.execute(look.statement, values)).mappings()]

    def insert(self, table: Table) -> "postgresql.Insert | sqlite.Insert":
        """An INSERT that knows ON CONFLICT, which both databases have and SQLAlchemy's common one has not."""
        return sqlite.insert(table) if self._sqlite else postgresql.insert(table)
