"""How integrations are: what is due, what was found, and the figures by the hour."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import RowMapping, Select, case, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import health_incidents, journal, rows
from adapters.database.engine import Database
from adapters.database.health_tables import health, health_hours
from adapters.database.integration_reads import GONE, gone
from adapters.database.journal import Change
from adapters.database.tables import integrations, registry
from domain.events import EventType
from domain.health import Check, Health, HealthHour, HealthPolicy, Incident, NoteAction, Outcome, Standing, Watched
from domain.health import next_state as judged


class SqlHealth:
    """The `HealthBook` port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def due(self, limit: int, *, by: datetime) -> list[Watched]:
        now = min(datetime.now(UTC), by)
        query = _serving().where(or_(health.c.due_at.is_(None), health.c.due_at <= now))
        query = query.order_by(health.c.due_at.is_not(None), health.c.due_at, registry.c.integration_id).limit(limit)
        async with self._db.read() as connection:
            return [_watched(row) for row in (await connection.execute(query)).mappings()]

    async def record(self, checks: Sequence[Check], policy: HealthPolicy) -> int:
        if not checks:
            return 0
        by_id = {check.watched.integration_id: check for check in sorted(checks, key=lambda one: one.at)}
        async with self._db.write() as connection:
            before = await _locked(connection, sorted(by_id))
            fresh = {
                name: check
                for name, check in sorted(by_id.items())
                if name not in before or before[name]["due_at"] <= check.at
            }
            after = {name: _after(before.get(name), check, policy) for name, check in fresh.items()}
            await self._write(connection, list(after.values()), [_hour(check) for check in fresh.values()])
            changed = [name for name, row in after.items() if row["state"] != _standing(before.get(name)).state]
            for name in changed:
                await _changed(connection, fresh[name], after[name])
                await health_incidents.follow(self._db, connection, fresh[name], after[name]["state"])
        return len(changed)

    async def _write(
        self, connection: AsyncConnection, states: list[dict[str, object]], hours: list[dict[str, object]]
    ) -> None:
        if not states:
            return
        put = self._db.insert(health)
        columns = {name: put.excluded[name] for name in states[0] if name != "integration_id"}
        await connection.execute(
            put.on_conflict_do_update(index_elements=[health.c.integration_id], set_=columns), states
        )
        add = self._db.insert(health_hours)
        old, new = health_hours.c, add.excluded
        sums = {name: old[name] + new[name] for name in ("checks", "failures", "latency_sum_ms", "requests", "errors")}
        # The greater of two: the databases name that function differently.
        largest = case((new.latency_max_ms > old.latency_max_ms, new.latency_max_ms), else_=old.latency_max_ms)
        key = [health_hours.c.integration_id, health_hours.c.hour]
        await connection.execute(
            add.on_conflict_do_update(index_elements=key, set_={**sums, "latency_max_ms": largest}), hours
        )

    async def read(self, integration_id: str) -> Health | None:
        query = select(health).where(health.c.integration_id == integration_id)
        async with self._db.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _health(row) if row is not None else None

    async def all(self, organization_id: str) -> list[tuple[str, Health]]:
        query = (
            select(integrations.c.name, health)
            .join(integrations, integrations.c.id == health.c.integration_id)
            .join(registry, registry.c.integration_id == health.c.integration_id)
            .where(integrations.c.organization_id == organization_id, registry.c.is_current)
            .where(integrations.c.stage.not_in(GONE))
            .order_by(integrations.c.name)
        )
        async with self._db.read() as connection:
            return [(row["name"], _health(row)) for row in (await connection.execute(query)).mappings()]

    async def hours(self, integration_id: str, *, since: datetime) -> list[HealthHour]:
        query = (
            select(health_hours)
            .where(health_hours.c.integration_id == integration_id, health_hours.c.hour >= since)
            .order_by(health_hours.c.hour)
        )
        async with self._db.read() as connection:
            return [_read_hour(row) for row in (await connection.execute(query)).mappings()]

    async def prune(self, before: datetime) -> None:
        async with self._db.write() as connection:
            await connection.execute(delete(health_hours).where(health_hours.c.hour < before))
            await connection.execute(delete(health).where(health.c.checked_at < before, gone(health)))
            await health_incidents.prune(connection, before)

    async def unsettled(self, limit: int) -> list[Incident]:
        async with self._db.read() as connection:
            return await health_incidents.unsettled(connection, limit)

    async def incident(self, incident_id: str) -> Incident:
        async with self._db.read() as connection:
            return await health_incidents.one(connection, incident_id)

    async def incidents(self, integration_id: str, *, limit: int) -> list[Incident]:
        async with self._db.read() as connection:
            return await health_incidents.of(connection, integration_id, limit)

    async def note(self, cmd: NoteAction) -> Incident:
        async with self._db.write() as connection:
            return await health_incidents.note(connection, cmd)

    async def settle(self, incident_id: str) -> None:
        async with self._db.write() as connection:
            await health_incidents.settle(connection, incident_id)


def _serving() -> Select[tuple[object, ...]]:
    """What the registry has of integrations that live, whatever a run does with them at the moment."""
    return (
        select(registry.c.document, registry.c.registered_at, integrations.c.id, health.c.checked_at)
        .join(integrations, integrations.c.id == registry.c.integration_id)
        .join(health, health.c.integration_id == registry.c.integration_id, isouter=True)
        .where(registry.c.is_current, integrations.c.stage.not_in(GONE))
    )


def _watched(row: RowMapping) -> Watched:
    entry = rows.registry_entry(row)
    return Watched(
        integration_id=entry.integration_id,
        name=entry.name,
        version=entry.version,
        deployment_id=entry.deployment_id,
        url=f"{entry.url.rstrip('/')}/{entry.health.endpoint.lstrip('/')}",
        interval=entry.health.interval,
        timeout=entry.health.timeout,
        checked_at=row["checked_at"],
    )


async def _locked(connection: AsyncConnection, names: Sequence[str]) -> Mapping[str, RowMapping]:
    """Always in the same order, so that two sweeps at once do not wait for each other in a ring."""
    query = select(health).where(health.c.integration_id.in_(names)).order_by(health.c.integration_id).with_for_update()
    return {row["integration_id"]: row for row in (await connection.execute(query)).mappings()}


def _after(before: RowMapping | None, check: Check, policy: HealthPolicy) -> dict[str, object]:
    was = _standing(before)
    found = judged(was, check.outcome(policy), policy)
    same = before is not None and found.state is was.state
    return {
        "integration_id": check.watched.integration_id,
        "state": found.state.value,
        "since": before["since"] if same and before is not None else check.at,
        "good_streak": found.good_streak,
        "bad_streak": found.bad_streak,
        "recent": "".join(found.recent),
        "checked_at": check.at,
        "due_at": check.at + timedelta(seconds=check.watched.interval),
        "latency_ms": check.look.latency_ms,
        "version": check.watched.version,
        "detail": check.look.detail if not check.look.ok else (before["detail"] if same and before else ""),
    }


def _standing(row: RowMapping | None) -> Standing:
    """An integration begins as healthy: that is how it was deployed."""
    if row is None:
        return Standing()
    return Standing(
        state=row["state"],
        good_streak=row["good_streak"],
        bad_streak=row["bad_streak"],
        recent=tuple(Outcome(letter) for letter in row["recent"]),
    )


def _hour(check: Check) -> dict[str, object]:
    return {
        "integration_id": check.watched.integration_id,
        "hour": check.at.replace(minute=0, second=0, microsecond=0),
        "checks": 1,
        "failures": int(not check.look.ok),
        "latency_sum_ms": check.look.latency_ms,
        "latency_max_ms": check.look.latency_ms,
        "requests": check.requests,
        "errors": check.errors,
    }


async def _changed(connection: AsyncConnection, check: Check, row: Mapping[str, object]) -> None:
    state = str(row["state"])
    change = Change(
        key=f"health:{check.at.isoformat()}",
        type=EventType.HEALTH_CHANGED,
        action="integration.health",
        result=state,
        detail=check.look.detail[:1000],
        metadata={"health": state, "version": check.watched.version, "detail": check.look.detail[:1000]},
    )
    await journal.write(connection, check.watched.integration_id, change)


def _health(row: RowMapping) -> Health:
    return Health(
        integration_id=row["integration_id"],
        state=row["state"],
        since=row["since"],
        good_streak=row["good_streak"],
        bad_streak=row["bad_streak"],
        checked_at=row["checked_at"],
        latency_ms=row["latency_ms"],
        version=row["version"],
        detail=row["detail"],
    )


def _read_hour(row: RowMapping) -> HealthHour:
    return HealthHour(
        hour=row["hour"],
        checks=row["checks"],
        failures=row["failures"],
        latency_mean_ms=row["latency_sum_ms"] / row["checks"],
        latency_max_ms=row["latency_max_ms"],
        requests=row["requests"],
        errors=row["errors"],
    )
