"""Dependencies live and die with the registry's entries, and hold however many change it at once."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.database import SqlDeprecations, SqlIntegrations
from domain.errors import DependencyUnmet, NotFound, StillNeeded
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.plan import Dependency
from domain.retirement import Deprecation
from domain.runs import CreateIntegration
from domain.vendors import Notice
from tests.contract.database.test_lifecycle import RUN, entry_of

BY = Actor(channel=Channel.CLI, name="grace")


@pytest.fixture
def store(db):
    return SqlIntegrations(db)


@pytest.fixture
def registered(store, requested):
    """A factory of integrations in the registry: `needs` are ranges by name."""

    async def make(name: str, version: str = "1.0.0", *, organization: str = "", **needs: str) -> CreateIntegration:
        cmd = requested(name=name, organization=organization)
        await store.accept(cmd, **RUN)
        await store.register(needing(cmd, version, **needs))
        return cmd

    return make


def needing(cmd: CreateIntegration, version: str = "1.0.0", **needs: str):
    wanted = [Dependency(name=name, version_range=text) for name, text in needs.items()]
    return entry_of(cmd.integration_id, cmd.request.name or "", version).model_copy(update={"dependencies": wanted})


def edges(nodes) -> list[tuple[str, str, str]]:
    return [(node.name, need.name, need.version_range) for node in nodes for need in node.dependencies]


async def test_they_come_and_go_with_the_entry(store, registered, scalars):
    weather = await registered("weather")
    trips = await registered("trips", weather=">=1,<2")
    org = trips.organization_id
    assert edges(await store.living(org)) == [("trips", "weather", ">=1,<2")]
    await store.register(needing(trips, "1.1.0"))
    assert edges(await store.living(org)) == []
    await store.deregister(trips.integration_id, "1.1.0")
    assert edges(await store.living(org)) == [("trips", "weather", ">=1,<2")]
    (dependent,) = await store.dependents(weather.integration_id)
    assert (dependent.name, dependent.version, dependent.owner, dependent.met) == ("trips", "1.0.0", "ada", True)
    await store.deregister(trips.integration_id, "1.0.0")
    assert await scalars("SELECT count(*) FROM dependencies") == [0]
    assert await store.dependents(weather.integration_id) == []
    with pytest.raises(NotFound):
        await store.dependents("int_" + "0" * 32)


async def test_what_is_refused_changes_nothing(store, registered, requested):
    weather = await registered("weather")
    trips = await registered("trips", weather="<2")
    events = len(await store.events(weather.integration_id))
    with pytest.raises(DependencyUnmet, match=r"trips 1\.0\.0 needs weather <2"):
        await store.register(needing(weather, "2.0.0"))
    with pytest.raises(DependencyUnmet, match="in a circle"):
        await store.register(needing(weather, "1.0.1", trips=">=1"))
    with pytest.raises(DependencyUnmet, match="there is none"):
        await store.register(needing(weather, "1.0.1", nothing=">=1"))
    entry = await store.entry(weather.integration_id)
    assert (entry.version, len(await store.events(weather.integration_id))) == ("1.0.0", events)
    await store.register(needing(weather, "2.0.0"), forced=True)
    assert [one.met for one in await store.dependents(weather.integration_id)] == [False]
    assert (await store.entry(trips.integration_id)).version == "1.0.0"


async def test_those_of_another_organisation_are_not_there(store, registered, requested):
    await registered("weather", organization="org_" + "1" * 32)
    with pytest.raises(DependencyUnmet, match="there is none"):
        await registered("trips", weather=">=1")


async def test_withdrawn_is_out_of_the_registry_and_kept_in_the_archive(store, registered, scalars):
    weather = await registered("weather")
    trips = await registered("trips", weather=">=1")
    with pytest.raises(StillNeeded) as refused:
        await store.withdraw(weather.integration_id, actor=BY)
    assert refused.value.details["dependents"] == ["trips"]
    for _ in range(2):
        await store.withdraw(trips.integration_id, actor=BY)
    assert await store.entry(trips.integration_id) is None
    assert [entry.action for entry in await store.audit(trips.integration_id)][-1] == "integration.withdraw"
    assert [entry.actor for entry in await store.audit(trips.integration_id)][-1] == BY
    assert await scalars("SELECT count(*) FROM registry WHERE name = 'trips'") == [1]
    await store.register(needing(trips, weather=">=1"), forced=True)
    assert edges(await store.living(trips.organization_id)) == [("trips", "weather", ">=1")]
    await store.withdraw(weather.integration_id, forced=True, actor=BY)
    assert await store.entry(weather.integration_id) is None


async def test_of_two_that_would_make_a_circle_at_once_one_is_refused(store, other_db, registered):
    weather, trips = await registered("weather"), await registered("trips")
    results = await asyncio.gather(
        store.register(needing(weather, "1.0.1", trips=">=1")),
        SqlIntegrations(other_db).register(needing(trips, "1.0.1", weather=">=1")),
        return_exceptions=True,
    )
    assert sorted(type(result) for result in results if result is not None) == [DependencyUnmet]
    assert len(edges(await store.living(weather.organization_id))) == 1


async def test_nobody_begins_to_depend_on_what_is_being_withdrawn(store, other_db, registered):
    weather, trips = await registered("weather"), await registered("trips")
    results = await asyncio.gather(
        store.withdraw(weather.integration_id, actor=BY),
        SqlIntegrations(other_db).register(needing(trips, "1.0.1", weather=">=1")),
        return_exceptions=True,
    )
    failed = [type(result) for result in results if result is not None]
    assert failed in ([StillNeeded], [DependencyUnmet])


async def test_a_deprecation_is_kept_until_it_is_taken_back(store, db, registered):
    weather = await registered("weather")
    deprecations = SqlDeprecations(db)
    said = Deprecation(
        integration_id=weather.integration_id,
        reason="nobody needs it ☂",
        by=BY,
        notice=Notice(deprecated_at=datetime(2026, 11, 23, tzinfo=UTC), link="https://example.com"),
    )
    assert await deprecations.find(weather.integration_id) is None
    for _ in range(2):
        await deprecations.record(said)
    assert await deprecations.find(weather.integration_id) == said
    audited = [entry for entry in await store.audit(weather.integration_id) if entry.action == "integration.deprecate"]
    assert [(entry.actor, entry.detail) for entry in audited] == [(BY, "nobody needs it ☂")]
    for _ in range(2):
        await deprecations.forget(weather.integration_id)
    assert await deprecations.find(weather.integration_id) is None


async def test_who_is_deprecated_or_retired_is_known(store, registered):
    weather = await registered("weather")
    for stage in (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING, Stage.DEPLOYING, Stage.ACTIVE):
        await store.enter(weather.integration_id, stage, key=stage, url="http://127.0.0.1/i/weather")
    await store.enter(weather.integration_id, Stage.DEPRECATED, key="deprecated")
    assert [node.deprecated for node in await store.living(weather.organization_id)] == [True]
    await store.enter(weather.integration_id, Stage.RETIRED, key="retired")
    row = await store.get(weather.integration_id)
    assert (row.stage, row.url, row.name) == (Stage.RETIRED, None, "weather")
    await registered_again(store, registered)


async def registered_again(store, registered) -> None:
    """The name is free."""
    again = await registered("weather", "1.0.0")
    assert (await store.find("weather")).id == again.integration_id
