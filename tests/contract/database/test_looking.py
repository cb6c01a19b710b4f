"""Reads that go to the driver directly give what SQLAlchemy gives, and leave the pool as it was."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import String, bindparam, func, literal, select

from adapters.database import Database
from adapters.database.acting import BY_ID
from adapters.database.looking import Look
from adapters.database.tables import Moment
from domain.errors import StorageUnavailable
from tests.until import until


async def on_postgres(db: Database) -> bool:
    async with db.read() as connection:
        return connection.dialect.name == "postgresql"


async def test_values_are_read_as_everywhere(db: Database) -> None:
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    given, moment = bindparam("given", type_=String), bindparam("moment", type_=Moment)
    look = Look(select(given.label("given"), moment.label("at"), literal("x").label("usual")))
    assert await db.look(look, given="é", moment=at) == [{"given": "é", "at": at, "usual": "x"}]
    assert await db.look(look, given="1; DROP TABLE people", moment=at) != []
    assert await db.look(BY_ID, person="nobody", organization=None) == []


async def test_who_gives_up_leaves_no_connection_behind(db: Database) -> None:
    if not await on_postgres(db):
        pytest.skip("SQLite is asked as elsewhere")
    waiting = asyncio.create_task(db.look(Look(select(func.pg_sleep(60).label("slept")))))

    async def asked() -> bool:
        return db.connections().in_use == 1

    await until(asked)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert db.connections().in_use == 0
    assert len(await db.look(Look(select(literal(1).label("one"))))) == 1


async def test_what_the_database_refuses_is_our_error(db: Database) -> None:
    if not await on_postgres(db):
        pytest.skip("SQLite is asked as elsewhere")
    with pytest.raises(StorageUnavailable):
        await db.look(Look(select(func.no_such_function().label("nothing"))))
    assert db.connections().in_use == 0
