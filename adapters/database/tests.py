"""Test runs: kept when they begin and when they end, compared with each other, paged through."""

from sqlalchemy import RowMapping, Select, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import journal
from adapters.database.engine import Database
from adapters.database.journal import Change
from adapters.database.tables import integrations
from adapters.database.tests_tables import test_runs
from domain.errors import NotFound
from domain.events import EventType
from domain.lifecycle import Stage
from domain.ports import Living
from domain.testing import MAX_CASES, Outcome, TestRun, TestRunDetail

KEPT_CASES = 30
"""Runs of an integration whose tests are kept by name."""
MAX_PAGE = 200

_SERVES = (Stage.ACTIVE, Stage.DEPRECATED)


class SqlTestRuns:
    """The `TestRuns` port."""

    __test__ = False

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, run: TestRun) -> TestRun:
        statement = self._db.insert(test_runs).values(_row(run)).on_conflict_do_nothing()
        async with self._db.write() as connection:
            await journal.locked(connection, run.integration_id)
            await connection.execute(statement)
            row = (await connection.execute(_one(run.integration_id, run.id))).mappings().one()
        return TestRun.model_validate(row["document"])

    async def finish(self, run: TestRunDetail) -> None:
        cases = [case.model_dump(mode="json") for case in run.cases[:MAX_CASES]]
        row = _row(run) | {"cases": cases}
        keys = [test_runs.c.integration_id, test_runs.c.id]
        statement = self._db.insert(test_runs).values(row).on_conflict_do_update(index_elements=keys, set_=row)
        async with self._db.write() as connection:
            await journal.locked(connection, run.integration_id)
            await connection.execute(statement)
            await _forget_cases(connection, run.integration_id)
            change = _change(run)
            if not await journal.written(connection, run.integration_id, change.key):
                await journal.write(connection, run.integration_id, change)

    async def get(self, integration_id: str, test_id: str) -> TestRunDetail:
        async with self._db.read() as connection:
            row = (await connection.execute(_one(integration_id, test_id))).mappings().one_or_none()
        if row is None:
            raise NotFound(f"There is no test run {test_id}; `ccb tests` shows them all.", test_id=test_id)
        return _detail(row)

    async def page(self, integration_id: str, *, limit: int, before: str | None = None) -> list[TestRun]:
        """At most 200. Raises NotFound if there is no run `before`."""
        query = _newest(integration_id).limit(max(1, min(limit, MAX_PAGE)))
        if before is not None:
            query = _older(query, await self.get(integration_id, before))
        async with self._db.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        return [TestRun.model_validate(row["document"]) for row in found]

    async def last(self, integration_id: str, *, before: str) -> TestRunDetail | None:
        query = _older(_newest(integration_id), await self.get(integration_id, before))
        query = query.where(test_runs.c.outcome.is_not(None), test_runs.c.outcome != Outcome.ERROR).limit(1)
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _detail(row)

    async def living(self, *, after: str, limit: int) -> list[Living]:
        query = (
            select(integrations.c.id, integrations.c.organization_id)
            .where(integrations.c.id > after, integrations.c.stage.in_(_SERVES), integrations.c.version.is_not(None))
            .order_by(integrations.c.id)
            .limit(limit)
        )
        async with self._db.read() as connection:
            return [Living.model_validate(dict(row)) for row in (await connection.execute(query)).mappings()]


def _row(run: TestRun) -> dict[str, object]:
    return {
        "integration_id": run.integration_id,
        "id": run.id,
        "started_at": run.started_at,
        "outcome": run.outcome,
        "document": run.model_dump(mode="json", exclude={"cases"}),
    }


def _one(integration_id: str, test_id: str) -> Select[tuple[object, ...]]:
    return select(test_runs).where(test_runs.c.integration_id == integration_id, test_runs.c.id == test_id)


def _newest(integration_id: str) -> Select[tuple[object, ...]]:
    return (
        select(test_runs)
        .where(test_runs.c.integration_id == integration_id)
        .order_by(test_runs.c.started_at.desc(), test_runs.c.id.desc())
    )


def _older(query: Select[tuple[object, ...]], run: TestRun) -> Select[tuple[object, ...]]:
    same = and_(test_runs.c.started_at == run.started_at, test_runs.c.id < run.id)
    return query.where(or_(test_runs.c.started_at < run.started_at, same))


def _detail(row: RowMapping) -> TestRunDetail:
    return TestRunDetail.model_validate(row["document"] | {"cases": row["cases"] or []})


async def _forget_cases(connection: AsyncConnection, integration_id: str) -> None:
    older = (
        _newest(integration_id)
        .with_only_columns(test_runs.c.id)
        .where(test_runs.c.cases.is_not(None))
        .offset(KEPT_CASES)
    )
    ids = list((await connection.execute(older)).scalars())
    if ids:
        forgotten = update(test_runs).where(test_runs.c.integration_id == integration_id, test_runs.c.id.in_(ids))
        await connection.execute(forgotten.values(cases=None))


def _change(run: TestRun) -> Change:
    return Change(
        key=f"test:{run.id}",
        type=EventType.TESTED,
        action="integration.test",
        result=run.outcome or "",
        actor=run.requester,
        detail=run.description,
        metadata={
            "test_id": run.id,
            "version": run.version,
            "trigger": run.trigger,
            "outcome": run.outcome,
            "commit": run.commit,
            "counts": run.counts.model_dump(),
        },
    )
