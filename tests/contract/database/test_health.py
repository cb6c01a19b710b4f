"""What the sweep keeps: states, figures by the hour, incidents. On both databases."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.database import Database, SqlHealth, SqlIntegrations
from domain import ids
from domain.errors import NotFound
from domain.events import EventType
from domain.health import Check, HealthPolicy, HealthState, Look, NoteAction, Watched
from domain.lifecycle import Stage
from domain.manifest import HealthCheck
from domain.registry import RegistryEntry

POLICY = HealthPolicy(down_after=2, up_after=1)
GOOD, BAD = Look(ok=True, latency_ms=20.0), Look(ok=False, latency_ms=40.0, detail="it answered HTTP 500")

Serve = Callable[..., Coroutine[Any, Any, str]]


@pytest.fixture
def book(db: Database) -> SqlHealth:
    return SqlHealth(db)


@pytest.fixture
def serve(db: Database, requested) -> Serve:
    """A factory of integrations that serve; returns the id."""

    async def make(name: str, stage: Stage = Stage.ACTIVE) -> str:
        integrations, cmd = SqlIntegrations(db), requested(name=name)
        await integrations.accept(cmd, workflow_id="w", run_id="r")
        for then in (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING, Stage.DEPLOYING, Stage.ACTIVE):
            await integrations.enter(cmd.integration_id, then, key=then)
        entry = RegistryEntry(
            integration_id=cmd.integration_id,
            name=name,
            version="1.0.0",
            description="…",
            author="ada",
            dependencies=[],
            capabilities=[],
            hosts=[],
            health=HealthCheck(interval=30, timeout=2),
            url=f"http://127.0.0.1/i/{name}",
            deployment_id=ids.new("dep"),
            content_hash="sha256:" + "0" * 64,
        )
        await integrations.register(entry)
        if stage is Stage.RETIRED:
            await integrations.enter(cmd.integration_id, stage, key=stage)
        return str(cmd.integration_id)

    return make


async def watched(book: SqlHealth, name: str) -> Watched:
    return next(one for one in await book.due(10, by=datetime.now(UTC)) if one.name == name)


def check(found: Watched, look: Look, *, after: float = 0, **figures: int) -> Check:
    """A check `after` seconds from a moment ago: late enough that the one before it is not due any more."""
    return Check(watched=found, at=datetime.now(UTC) + timedelta(seconds=after), look=look, **figures)


async def test_what_is_due(book: SqlHealth, serve: Serve) -> None:
    await serve("cities")
    await serve("gone-for-good", Stage.RETIRED)
    (found,) = await book.due(10, by=datetime.now(UTC))
    assert (found.name, found.url, found.interval, found.timeout) == (
        "cities",
        "http://127.0.0.1/i/cities/health",
        30,
        2,
    )
    assert await book.record([check(found, GOOD)], POLICY) == 0
    assert await book.due(10, by=datetime.now(UTC)) == []
    await serve("rivers")
    assert [one.name for one in await book.due(10, by=datetime.now(UTC))] == ["rivers"]


async def test_a_check_of_another_sweep_is_dropped(book: SqlHealth, serve: Serve) -> None:
    """Two sweeps found the same one due: its outage is not counted twice."""
    name = await serve("cities")
    found = await watched(book, "cities")
    await book.record([check(found, BAD)], POLICY)
    await book.record([check(found, BAD, after=1)], POLICY)
    health = await book.read(name)
    assert health is not None
    assert (health.bad_streak, health.state) == (1, HealthState.HEALTHY)
    assert sum(hour.checks for hour in await book.hours(name, since=datetime(2020, 1, 1, tzinfo=UTC))) == 1


async def test_an_outage_from_its_first_check_to_its_last(db: Database, book: SqlHealth, serve: Serve) -> None:
    name = await serve("cities")
    found = await watched(book, "cities")
    looks = [GOOD, BAD, BAD, BAD, GOOD, GOOD]
    changes = [await book.record([check(found, look, after=31 * n)], POLICY) for n, look in enumerate(looks)]
    assert changes == [0, 0, 1, 0, 1, 0]
    health = await book.read(name)
    assert health is not None
    assert (health.state, health.detail) == (HealthState.HEALTHY, "")
    told = [e for e in await SqlIntegrations(db).events(name) if e.type is EventType.HEALTH_CHANGED]
    assert [event.data["metadata"]["health"] for event in told] == ["down", "healthy"]
    (incident,) = await book.incidents(name, limit=10)
    assert (incident.cause, incident.version) == ("it answered HTTP 500", "1.0.0")
    assert incident.closed_at is not None
    assert incident.closed_at - incident.opened_at > timedelta(seconds=60)


async def test_figures_add_up_within_their_hour(book: SqlHealth, serve: Serve) -> None:
    name = await serve("cities")
    found = await watched(book, "cities")
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for minutes, look in ((1, GOOD), (2, BAD), (59, GOOD), (60, GOOD)):
        moment = at + timedelta(minutes=minutes)
        await book.record([Check(watched=found, at=moment, look=look, requests=10, errors=1)], POLICY)
    first, second = await book.hours(name, since=at)
    assert (first.hour, first.checks, first.failures, first.requests, first.errors) == (at, 3, 1, 30, 3)
    assert first.latency_mean_ms == pytest.approx(80 / 3)
    assert (first.latency_max_ms, second.latency_max_ms) == (40.0, 20.0)
    await book.prune(at + timedelta(hours=1))
    assert [one.hour for one in await book.hours(name, since=at)] == [second.hour]


async def test_an_incident_is_acted_on_once(book: SqlHealth, serve: Serve) -> None:
    name = await serve("cities")
    found = await watched(book, "cities")
    await book.record([check(found, BAD)], POLICY)
    await book.record([check(found, BAD, after=31)], POLICY)
    (incident,) = await book.unsettled(10)
    noted = NoteAction(id=incident.id, action="restart", detail="done")
    assert await book.note(noted) == await book.note(noted.model_copy(update={"detail": "again"}))
    assert [step.detail for step in (await book.incident(incident.id)).steps] == ["done"]
    await book.settle(incident.id)
    assert [one.id for one in await book.unsettled(10)] == [incident.id], "it is open"
    await book.record([check(found, GOOD, after=62)], POLICY)
    await book.settle(incident.id)
    assert await book.unsettled(10) == []
    assert [one.settled for one in await book.incidents(name, limit=10)] == [True]
    with pytest.raises(NotFound):
        await book.incident("inc_none")


async def test_a_batch_is_one_transaction_of_all(book: SqlHealth, serve: Serve) -> None:
    names = [await serve(f"cities-{number}") for number in range(3)]
    due = await book.due(10, by=datetime.now(UTC))
    assert await book.record([check(one, BAD) for one in due], HealthPolicy(down_after=1)) == 3
    assert {one.integration_id for one in await book.unsettled(10)} == set(names)
    listed = await book.all(ids.DEFAULT_ORGANIZATION)
    assert [(name, health.state) for name, health in listed] == [(f"cities-{n}", HealthState.DOWN) for n in range(3)]


async def test_what_is_settled_long_ago_is_forgotten_and_what_is_not_stays(
    db: Database, book: SqlHealth, serve: Serve
) -> None:
    """Settled, open, and left open by one that serves no more: the second alone is of use to somebody."""
    over, still, ended = await serve("over"), await serve("still"), await serve("ended")
    due = await book.due(10, by=datetime.now(UTC))
    for after in (0, 31):
        await book.record([check(one, BAD, after=after) for one in due], POLICY)
    await book.record([check(one, GOOD, after=62) for one in due if one.integration_id == over], POLICY)
    for incident in await book.incidents(over, limit=10):
        await book.settle(incident.id)
    await SqlIntegrations(db).deregister(ended, "1.0.0")
    await book.prune(datetime.now(UTC) - timedelta(minutes=1))
    assert [len(await book.incidents(one, limit=10)) for one in (over, still, ended)] == [1, 1, 1], "too young"
    await book.prune(datetime.now(UTC) + timedelta(minutes=5))
    assert [len(await book.incidents(one, limit=10)) for one in (over, still, ended)] == [0, 1, 0]
    assert [await book.read(one) is not None for one in (over, still, ended)] == [True, True, False]
