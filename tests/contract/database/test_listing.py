"""Lists: each order is total, each filter narrows, no page says a thing twice, on both databases."""

import itertools
from datetime import UTC, datetime

import pytest
from alembic import command
from pydantic import SecretStr
from sqlalchemy import insert, text

from adapters.database import Database, DatabaseSettings, SqlHealth, SqlIntegrations, SqlRunRecords
from adapters.database.engine import make_engine
from adapters.database.health_tables import health
from adapters.database.migrate import configuration, migrate
from adapters.database.tables import registry
from domain import ids
from domain.errors import InvalidInput, PreconditionFailed
from domain.health import HealthState
from domain.lifecycle import Operation, Stage
from domain.listing import About, RunState, Sort, Wanted
from domain.people import Actor, Channel
from domain.registry import Integration
from domain.steps import BeginRun
from tests.contract.database.test_lifecycle import RUN, entry_of

HERE = ids.DEFAULT_ORGANIZATION
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Actor(channel=Channel.API, name="ada", person_id=ids.new("per"))


@pytest.fixture
def store(db: Database) -> SqlIntegrations:
    return SqlIntegrations(db)


@pytest.fixture
def add(store: SqlIntegrations, requested):
    """A factory of integrations: `add("weather", title="…")`."""

    async def make(name: str | None = None, *, title: str = "Weather", organization: str = HERE) -> Integration:
        cmd = requested(name=name, organization=organization)
        cmd = cmd.model_copy(update={"request": cmd.request.model_copy(update={"title": title})})
        return await store.accept(cmd, **RUN)

    return make


async def everything(store: SqlIntegrations, wanted: Wanted, *, limit: int = 2) -> list[str]:
    """The ids of all pages."""
    seen: list[str] = []
    cursor = None
    while True:
        page = await store.page(organization_id=HERE, cursor=cursor, limit=limit, wanted=wanted)
        seen += [one.id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return seen


@pytest.mark.parametrize("sort", Sort)
async def test_every_order_is_total_and_the_other_way_round(store, add, sort):
    names = ["weather", None, "cities", None, "boards"]
    rows = [await add(name) for name in names]
    await store.enter(rows[1].id, Stage.ANALYZING, key="k")
    rows = [await store.get(row.id) for row in rows]
    await add("elsewhere", organization="org_" + "1" * 32)
    key = {"created": "created_at", "updated": "updated_at"}.get(sort.key)
    ordered = sorted(rows, key=lambda one: ((getattr(one, key) if key else one.name or ""), one.id))
    expected = [one.id for one in (reversed(ordered) if sort.descending else ordered)]
    assert await everything(store, Wanted(sort=sort)) == expected
    assert await everything(store, Wanted(sort=sort), limit=200) == expected


async def test_a_cursor_is_good_for_its_own_order_alone(store, add):
    for _ in range(3):
        await add()
    page = await store.page(organization_id=HERE, cursor=None, limit=1)
    with pytest.raises(InvalidInput, match="cursor"):
        await store.page(organization_id=HERE, cursor=page.next_cursor, limit=1, wanted=Wanted(sort=Sort.NAME))


async def test_each_filter_alone_and_with_each_other(db, store, add):
    mine, other = await add("weather-north", title="Wind in the north"), await add("weather-south", title="Wind, south")
    await store.describe(mine.id, About(title=mine.title, labels=["a", "b"], owner=ADA), revision=None, by=ADA)
    await store.describe(other.id, About(title=other.title, labels=["b"]), revision=None, by=ADA)
    for one in (mine, other):
        await store.register(entry_of(one.id, one.name))
    await store.enter(mine.id, Stage.ANALYZING, key="k")
    for one, state in ((mine, HealthState.DOWN), (other, HealthState.HEALTHY)):
        await checked(db, one.id, state)
    given = {
        "stage": Stage.ANALYZING,
        "owner": ADA.person_id,
        "label": "a",
        "health": HealthState.DOWN,
        "text": "NORTH win",
    }
    for some in itertools.chain.from_iterable(itertools.combinations(given, count) for count in range(1, 6)):
        for sort in (Sort.NEWEST, Sort.NAME):
            assert await everything(store, Wanted(sort=sort, **{name: given[name] for name in some})) == [mine.id], some
    assert len(await everything(store, Wanted(capability="weather.read", label="b", text="weath"))) == 2
    for nothing in ({"capability": "weather.write"}, {"text": "ind"}, {"text": "north south"}, {"owner": "per_x"}):
        assert await everything(store, Wanted(**nothing)) == [], nothing


async def checked(db: Database, integration_id: str, state: HealthState) -> None:
    row = await SqlIntegrations(db).get(integration_id)
    values = {"integration_id": row.id, "state": state, "since": row.created_at, "checked_at": row.created_at}
    values |= {"good_streak": 0, "bad_streak": 0, "recent": "", "latency_ms": 1.0, "version": "1.0.0", "detail": ""}
    async with db.write() as connection:
        await connection.execute(insert(health).values(due_at=row.created_at, **values))
    assert await SqlHealth(db).read(row.id)


async def test_many_that_match_are_walked_and_few_are_begun_from(db, add):
    """The same answers, whichever way they are found."""
    rows = [await add(f"weather-{number}", title="Wind") for number in range(6)]
    store = SqlIntegrations(db, few=2)
    assert await everything(store, Wanted(text="wind weather")) == [one.id for one in reversed(rows)]
    assert await everything(store, Wanted(text="wind 4", stage=Stage.REQUESTED)) == [rows[4].id]


async def test_the_words_follow_the_title_and_the_name(store, add):
    row = await add(title="Wind")
    name = await store.claim_name(row.id, "weather-maps")
    await store.describe(row.id, About(title="Rain"), revision=None, by=ADA)
    assert name == "weather-maps"
    assert await everything(store, Wanted(text="rain maps")) == [row.id]
    assert await everything(store, Wanted(text="wind")) == []
    assert await everything(store, Wanted(sort=Sort.NAME)) == [row.id]


async def test_a_description_is_for_the_revision_that_was_read(store, add):
    row = await add("weather")
    about = About(title="Rain", description="of today", labels=["b", "a", "a"], owner=ADA)
    after = await store.describe(row.id, about, revision=row.revision, by=ADA)
    assert (after.title, after.description, after.labels, after.owner_name) == ("Rain", "of today", ["a", "b"], "ada")
    assert after.owner == ADA.person_id
    assert after.revision == row.revision + 1
    with pytest.raises(PreconditionFailed):
        await store.describe(row.id, About(title="Snow"), revision=row.revision, by=ADA)
    assert (await store.describe(row.id, about, revision=after.revision, by=ADA)).revision == after.revision
    back = await store.describe(row.id, About(title="Rain"), revision=after.revision, by=ADA)
    assert (back.owner, back.labels) == (row.owner, [])
    assert [event.data["metadata"].get("fields") for event in await store.events(row.id, after=1)] == [
        ["title", "description", "labels", "owner"],
        ["description", "labels", "owner"],
    ]


async def test_the_registry_is_found_in_by_capability_version_and_health(db, store, add):
    for name, number in (("weather", "1.2.0"), ("cities", "2.0.0"), ("boards", "1.9.0")):
        row = await add(name)
        await store.register(entry_of(row.id, name, number))
        await checked(db, row.id, HealthState.HEALTHY if name != "boards" else HealthState.DOWN)
    away = await add("elsewhere", organization="org_" + "1" * 32)
    await store.register(entry_of(away.id, "elsewhere"))

    async def found(**wanted: object) -> list[str]:
        names: list[str] = []
        cursor = None
        while True:
            page = await store.discover(HERE, limit=1, cursor=cursor, **wanted)
            names += [one.name for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return names

    assert await found() == ["boards", "cities", "weather"]
    assert await found(capability="weather.read") == ["boards", "cities", "weather"]
    assert await found(capability="weather.write") == []
    assert await found(version_range=">=1,<2") == ["boards", "weather"]
    assert await found(version_range=">=1,<2", health=HealthState.HEALTHY, capability="weather.read") == ["weather"]
    weather = await store.find("weather")
    await store.withdraw(weather.id, actor=ADA)
    assert await found() == ["boards", "cities"]


async def test_runs_are_written_with_what_begins_and_ends_them(db, store, add):
    records = SqlRunRecords(db)
    row, other = await add("weather"), await add("cities")
    for stage in (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING, Stage.DEPLOYING, Stage.ACTIVE):
        await store.enter(row.id, stage, key=stage)
    update = BeginRun(
        integration_id=row.id, operation=Operation.UPDATE, requester=ADA, workflow_id="w", run_id="r2", detail="more"
    )
    await store.begin(update)
    await store.begin(update)
    await store.enter(row.id, Stage.GENERATING, key="again")
    await store.enter(row.id, Stage.ACTIVE, key="back", detail="its tests failed", returning=True)
    await store.begin(update.model_copy(update={"run_id": "r3"}))

    async def page(**wanted: object) -> list[tuple[str, str, str | None]]:
        found = await records.page(HERE, **wanted)
        return [(one.name, one.state, one.failure) for one in found.items]

    first = [("weather", "running", None), ("weather", "failed", "its tests failed"), ("cities", "running", None)]
    assert await page() == [*first, ("weather", "succeeded", None)]
    assert await page(state=RunState.RUNNING) == [first[0], first[2]]
    assert await page(operation=Operation.UPDATE, integration_id=row.id) == first[:2]
    assert await page(integration_id=other.id) == [first[2]]
    one = await records.page(HERE, limit=1)
    assert (await records.page(HERE, limit=1, cursor=one.next_cursor)).items[0].run_id == "r2"
    with pytest.raises(InvalidInput):
        await records.page(HERE, cursor="nonsense")
    # A worker that died for good never says how its run ended: the next one does.
    await store.begin(update.model_copy(update={"run_id": "r4"}))
    assert (await page(state=RunState.RUNNING))[0] == first[0]
    assert len(await page(state=RunState.RUNNING)) == 2


async def test_what_was_there_before_is_listed_after_the_migration(empty_url):
    """Each is found by its owner, its words and its capabilities, and its newest run is known."""
    one, other = ids.new("int"), ids.new("int")
    engine = make_engine(DatabaseSettings(url=SecretStr(empty_url)))
    requesters = {one: ADA, other: Actor(channel=Channel.GITHUB, name="Octocat")}
    entry = entry_of(one, "weather")
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(configuration(sync), "0017"))
        for number, (integration_id, who) in enumerate(requesters.items()):
            await connection.execute(
                text(
                    "INSERT INTO integrations (id, organization_id, name, title, stage, workflow_id, run_id, operation,"
                    " under_way, requester, repository, failure, created_at, updated_at, revision, last_sequence)"
                    " VALUES (:id, :org, :name, 'Wind maps', :stage, 'w', 'r', 'create', :way, :who, 'a/b', :failure,"
                    " '2026-01-01 00:00:00', '2026-01-02 00:00:00', 1, 1)"
                    if connection.dialect.name == "sqlite"
                    else "INSERT INTO integrations (id, organization_id, name, title, stage, workflow_id, run_id,"
                    " operation, under_way, requester, repository, failure, created_at, updated_at, revision,"
                    " last_sequence) VALUES (:id, :org, :name, 'Wind maps', :stage, 'w', 'r', 'create', :way,"
                    " CAST(:who AS JSON), 'a/b', :failure, '2026-01-01', '2026-01-02', 1, 1)"
                ),
                {
                    "id": integration_id,
                    "org": HERE,
                    "name": None if number else "weather",
                    "stage": "failed" if number else "active",
                    "way": False,
                    "who": who.model_dump_json(),
                    "failure": "it broke" if number else None,
                },
            )
        registered = {"version": "1.0.0", "name": "weather", "is_current": True, "registered_at": NOW}
        await connection.execute(
            insert(registry).values(integration_id=one, document=entry.model_dump(mode="json"), **registered)
        )
    await engine.dispose()
    await migrate(empty_url)
    db = await Database.open(DatabaseSettings(url=SecretStr(empty_url)))
    store = SqlIntegrations(db)
    try:
        assert await everything(store, Wanted(owner=ADA.person_id, capability="weather.read", text="wind")) == [one]
        assert await everything(store, Wanted(owner="github:octocat", text="maps")) == [other]
        assert [found.name for found in (await store.discover(HERE)).items] == ["weather"]
        runs = (await SqlRunRecords(db).page(HERE)).items
        assert {(run.integration_id, run.state, run.failure) for run in runs} == {
            (one, "succeeded", None),
            (other, "failed", "it broke"),
        }
    finally:
        await db.close()
