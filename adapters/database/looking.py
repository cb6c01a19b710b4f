"""Reads that come with every request: written and prepared once, then asked with as little between as there can be.

SQLAlchemy's `execute` makes an event chain, a context, a result and a greenlet for each query: 2.5 times the processor
time of the same query by the driver. So on PostgreSQL SQLAlchemy writes the statement, keeps the connections and says
how values are read, and asyncpg is asked directly. SQLite, which has no such driver, is asked as elsewhere.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import Select
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine

Found = list[dict[str, Any]]
Reads = Callable[[Any], Any]


class Look:
    """A SELECT with parameters, whose columns have names of their own."""

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self._written: _Written | None = None

    async def ask(self, engine: AsyncEngine, values: Mapping[str, object]) -> Found:
        """By PostgreSQL. Each such statement is one look of its own, in no transaction."""
        if self._written is None:
            self._written = _Written(self.statement, engine.dialect)
        return await self._written.ask(engine, values)


class _Written:
    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self._given = [(name, compiled.params[name]) for name in compiled.positiontup or ()]
        self._reads: list[tuple[str, Reads]] = []
        for column in statement.selected_columns:
            reads = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if reads is not None:
                self._reads.append((column.key or column.name, reads))

    async def ask(self, engine: AsyncEngine, values: Mapping[str, object]) -> Found:
        given = [values.get(name, usual) for name, usual in self._given]
        connection = await engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            found = [dict(record) for record in await driver.fetch(self._sql, *given)]
        except (asyncio.CancelledError, OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
            connection.invalidate()  # it is closed, or the query may still be under way on it
            raise
        finally:
            if connection.is_valid:
                connection.close()
        for row in found:
            for name, reads in self._reads:
                row[name] = reads(row[name])
        return found
