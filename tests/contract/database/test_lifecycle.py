"""Each change of an integration is one row, one event and one audit entry, once, whoever else is at it."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.database import SqlIntegrations, SqlOutbox
from domain import ids
from domain.artifacts import ArtifactRef, content_hash
from domain.errors import Conflict, InvalidInput, NameTaken, NotFound
from domain.events import EventType
from domain.lifecycle import Stage
from domain.listing import Wanted
from domain.manifest import HealthCheck
from domain.people import Actor, Channel
from domain.plan import Capability, OperationUse
from domain.registry import RegistryEntry, Version
from domain.review import Decision, Review
from domain.vendors import IssueRef, PullRequest

HASH = content_hash(b"x")
REF = ArtifactRef(hash=HASH, size=1)
RUN = {"workflow_id": "integration/x", "run_id": "r1"}


@pytest.fixture
def store(db):
    return SqlIntegrations(db)


def version_of(integration_id: str, number: str = "1.0.0", *, pull: int | None = None) -> Version:
    pull_request = pull and PullRequest(
        repo="Acme/integrations", number=pull, url="https://example.com", head_sha="a" * 40, state="open"
    )
    return Version(
        integration_id=integration_id,
        version=number,
        content_hash=HASH,
        files=REF,
        plan=REF,
        pull_request=pull_request or None,
    )


def entry_of(integration_id: str, name: str, number: str = "1.0.0") -> RegistryEntry:
    return RegistryEntry(
        integration_id=integration_id,
        name=name,
        version=number,
        description="Weather",
        author="ada",
        dependencies=[],
        capabilities=[
            Capability(
                name="weather.read",
                description="Read the weather",
                method="get",
                route="/weather",
                operation=OperationUse(method="get", path="/v1/weather", purpose="Read"),
            )
        ],
        hosts=["example.com"],
        health=HealthCheck(),
        url="http://127.0.0.1:1/",
        deployment_id=ids.deployment(integration_id, HASH),
        content_hash=HASH,
    )


async def assert_gapless(store: SqlIntegrations, integration_id: str) -> None:
    events = await store.events(integration_id)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert (await store.get(integration_id)).revision == len(events) == len(await store.audit(integration_id))


async def test_accept_writes_row_event_and_audit_once(store, requested):
    cmd = requested(name="weather", issue=IssueRef(repo="acme/wishes", number=7))
    rows = await asyncio.gather(*(store.accept(cmd, **RUN) for _ in range(5)))
    assert len({row.model_dump_json() for row in rows}) == 1
    row = rows[0]
    assert (row.stage, row.name, row.title, row.revision) == (Stage.REQUESTED, "weather", "Weather, please ☂", 1)
    assert row.requester == cmd.requester
    assert row.issue == cmd.issue
    assert abs((datetime.now(UTC) - row.created_at).total_seconds()) < 60
    assert await store.get(row.id) == row
    (event,) = await store.events(row.id)
    assert (event.type, event.sequence, event.subject) == (EventType.CREATED, 1, row.id)
    assert event.data["integration_id"] == row.id
    assert event.data["user_id"] == cmd.requester.person_id
    (entry,) = await store.audit(row.id)
    assert (entry.action, entry.actor, entry.subject) == ("integration.accept", cmd.requester, row.id)


async def test_a_living_name_is_taken_and_a_failed_one_is_free(store, requested):
    first = await store.accept(requested(name="weather"), **RUN)
    with pytest.raises(NameTaken, match=rf"named weather already exists \({first.id}\)"):
        await store.accept(requested(name="weather"), **RUN)
    failed = await store.enter(first.id, Stage.FAILED, key="undo", detail="no luck")
    assert (failed.failure, failed.url, failed.name) == ("no luck", None, "weather")
    second = await store.accept(requested(name="weather"), **RUN)
    assert (await store.find("weather")).id == second.id
    with pytest.raises(NameTaken, match=second.id):
        await store.enter(first.id, Stage.ANALYZING, key="again")
    assert (await store.get(first.id)).stage is Stage.FAILED
    await store.enter(second.id, Stage.FAILED, key="undo")
    assert (await store.find("weather")).id == second.id, "the newest of the dead"
    back = await store.enter(first.id, Stage.ANALYZING, key="again")
    assert (back.stage, back.failure) == (Stage.ANALYZING, None)
    assert (await store.find("weather")).id == first.id, "the living one before the newest"


async def test_one_name_of_many_accepts_at_once(store, requested):
    results = await asyncio.gather(
        *(store.accept(requested(name="weather"), **RUN) for _ in range(10)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Integration"] + ["NameTaken"] * 9


async def test_claims_of_one_name_get_distinct_names(store, other_db, requested):
    stores = [store, SqlIntegrations(other_db)]
    rows = [await store.accept(requested(), **RUN) for _ in range(20)]
    names = await asyncio.gather(*(stores[i % 2].claim_name(row.id, "weather") for i, row in enumerate(rows)))
    assert set(names) == {"weather", *(f"weather-{number}" for number in range(2, 21))}
    assert [await store.claim_name(row.id, "weather") for row in rows] == names
    for row in rows:
        await assert_gapless(store, row.id)


async def test_a_long_name_is_cut_to_carry_its_number(store, requested):
    long = "w" * 50
    names = [await store.claim_name((await store.accept(requested(), **RUN)).id, long) for _ in range(2)]
    assert names == [long, "w" * 48 + "-2"]


async def test_entering_twice_with_one_key_is_one_event(store, other_db, requested):
    row = await store.accept(requested(), **RUN)
    stores = [store, SqlIntegrations(other_db)]
    await asyncio.gather(*(stores[i % 2].enter(row.id, Stage.ANALYZING, key="k1") for i in range(10)))
    assert [event.type for event in await store.events(row.id)] == [EventType.CREATED, EventType.STAGE_CHANGED]
    await store.enter(row.id, Stage.GENERATING, key="k2")
    assert (await store.enter(row.id, Stage.ANALYZING, key="k1")).stage is Stage.GENERATING
    await assert_gapless(store, row.id)


async def test_sequences_have_no_gaps_under_concurrency(store, other_db, db, requested):
    rows = [await store.accept(requested(), **RUN) for _ in range(2)]
    stores = [store, SqlIntegrations(other_db)]
    await asyncio.gather(
        *(
            stores[i % 2].enter(row.id, Stage.ANALYZING if i % 3 else Stage.REQUESTED, key=f"k{i}")
            for i in range(20)
            for row in rows
        ),
        return_exceptions=True,
    )
    for row in rows:
        await assert_gapless(store, row.id)
        assert len(await store.events(row.id)) > 10
        assert (await store.events(row.id, after=5))[0].sequence == 6
    unsent = await SqlOutbox(db).unsent(1000)
    for row in rows:
        mine = [event.sequence for event in unsent if event.subject == row.id]
        assert mine == sorted(mine)


async def test_a_refused_step_writes_nothing(store, requested):
    row = await store.accept(requested(), **RUN)
    with pytest.raises(Conflict, match="requested cannot become active"):
        await store.enter(row.id, Stage.ACTIVE, key="k")
    assert await store.get(row.id) == row
    await assert_gapless(store, row.id)
    with pytest.raises(NotFound):
        await store.enter(ids.new("int"), Stage.ANALYZING, key="k")


async def test_activation_sets_version_and_url_and_failure_clears_the_url(store, requested):
    row = await store.accept(requested(name="weather"), **RUN)
    by = Actor(channel=Channel.CLI, name="grace")
    for stage in (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING, Stage.DEPLOYING):
        await store.enter(row.id, stage, key=stage, actor=by)
    active = await store.enter(row.id, Stage.ACTIVE, key="active", version="1.0.0", url="http://127.0.0.1:9/")
    assert (active.version, active.url) == ("1.0.0", "http://127.0.0.1:9/")
    events = await store.events(row.id)
    assert events[-1].type is EventType.ACTIVATED
    assert events[-1].data["metadata"]["from"] == "deploying"
    assert [entry.actor.name for entry in await store.audit(row.id)] == ["ada"] + ["grace"] * 5 + ["ccb"]
    await store.enter(row.id, Stage.ANALYZING, key="update")
    failed = await store.enter(row.id, Stage.FAILED, key="failed", detail="broke")
    assert (failed.url, failed.version, failed.failure) == (None, "1.0.0", "broke")
    assert (await store.events(row.id))[-1].type is EventType.FAILED
    await assert_gapless(store, row.id)


async def test_versions_are_replaced_found_by_pull_request_and_discarded(store, requested):
    row = await store.accept(requested(), **RUN)
    await store.record_version(version_of(row.id), key="v1")
    await store.record_version(version_of(row.id, pull=12), key="v2")
    await store.record_version(version_of(row.id, pull=12), key="v2")
    (found,) = await store.versions(row.id)
    assert found.pull_request is not None
    assert found.created_at is not None
    assert found.model_copy(update={"created_at": None}) == version_of(row.id, pull=12)
    assert await store.by_pull_request("acme/Integrations", 12) == await store.get(row.id)
    assert await store.by_pull_request("acme/integrations", 13) is None
    await store.discard_version(row.id, "1.0.0")
    await store.discard_version(row.id, "1.0.0")
    assert await store.versions(row.id) == []
    assert await store.by_pull_request("acme/integrations", 12) is None
    await assert_gapless(store, row.id)
    assert len(await store.events(row.id)) == 4


async def test_a_review_is_stored_once(store, requested, scalars):
    row = await store.accept(requested(), **RUN)
    reviewer = Actor(channel=Channel.SLACK, name="grace", person_id=ids.new("per"))
    review = Review(id="slack/1", reviewer=reviewer, decision=Decision.APPROVE, content_hash=HASH, at=datetime.now(UTC))
    await asyncio.gather(*(store.record_review(row.id, "1.0.0", review) for _ in range(5)))
    assert [event.type for event in await store.events(row.id)] == [EventType.CREATED, EventType.REVIEWED]
    assert (await store.audit(row.id))[-1].actor == reviewer
    assert await scalars("SELECT id FROM reviews") == ["slack/1"]


async def test_the_registry_has_one_entry_and_its_undo_brings_the_one_before_back(store, requested):
    row = await store.accept(requested(name="weather"), **RUN)
    assert await store.entry(row.id) is None
    for number in ("1.0.0", "1.1.0", "1.1.0"):
        await store.register(entry_of(row.id, "weather", number))
    current = await store.entry(row.id)
    assert current.model_copy(update={"registered_at": None}) == entry_of(row.id, "weather", "1.1.0")
    await store.deregister(row.id, "1.1.0")
    await store.deregister(row.id, "1.1.0")
    assert (await store.entry(row.id)).version == "1.0.0"
    await store.deregister(row.id, "1.0.0")
    assert await store.entry(row.id) is None
    await assert_gapless(store, row.id)


async def test_a_dead_ones_entry_gives_way_to_the_living_one(store, requested):
    first = await store.accept(requested(name="weather"), **RUN)
    await store.register(entry_of(first.id, "weather"))
    await store.enter(first.id, Stage.FAILED, key="failed")
    second = await store.accept(requested(name="weather"), **RUN)
    await store.register(entry_of(second.id, "weather"))
    assert await store.entry(first.id) is None
    assert (await store.entry(second.id)).integration_id == second.id


async def test_finding_by_issue_and_not_finding(store, requested):
    issue = IssueRef(repo="Acme/wishes", number=7)
    await store.accept(requested(issue=issue), **RUN)
    newer = await store.accept(requested(issue=issue), **RUN)
    assert (await store.by_issue(issue.model_copy(update={"repo": "acme/WISHES", "url": "x"}))).id == newer.id
    assert await store.by_issue(issue.model_copy(update={"number": 8})) is None
    assert await store.by_issue(issue.model_copy(update={"source": "jira"})) is None
    for ask in (store.get, store.find):
        with pytest.raises(NotFound):
            await ask("int_nothing' OR 1=1 --")


async def test_odd_text_is_kept_or_refused_and_never_seems_an_outage(store, requested):
    cmd = requested()
    cmd = cmd.model_copy(update={"request": cmd.request.model_copy(update={"title": "a\x00b ' \" 😀"})})
    assert (await store.accept(cmd, **RUN)).title == "a\ufffdb ' \" 😀"
    failed = await store.enter(cmd.integration_id, Stage.FAILED, key="k", detail="log \x00 tail")
    assert failed.failure == "log \ufffd tail"
    assert len(await store.events(cmd.integration_id)) == 2
    assert (await store.audit(cmd.integration_id))[1].detail == "log \ufffd tail"
    for name in ("x\x00", "\ud800"):
        with pytest.raises((NotFound, InvalidInput)):
            await store.find(name)


async def test_pages_go_through_all_newest_first_while_more_come(store, requested):
    rows = [await store.accept(requested(), **RUN) for _ in range(7)]
    await store.accept(requested(organization="org_" + "1" * 32), **RUN)
    await store.enter(rows[3].id, Stage.ANALYZING, key="k")
    seen, cursor = [], None
    while True:
        page = await store.page(organization_id=ids.DEFAULT_ORGANIZATION, cursor=cursor, limit=3)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        await store.accept(requested(), **RUN)
    assert seen == [row.id for row in reversed(rows)]
    analyzing = Wanted(stage=Stage.ANALYZING)
    only = await store.page(organization_id=ids.DEFAULT_ORGANIZATION, cursor=None, limit=3, wanted=analyzing)
    assert [item.id for item in only.items] == [rows[3].id]
    assert only.next_cursor is None
    for bad in ("x", "bm90IGpzb24=", "WzEsMl0=", "WyIyMDI2LTAxLTAxIiwgIngiXQ==", "é"):
        with pytest.raises(InvalidInput):
            await store.page(organization_id=ids.DEFAULT_ORGANIZATION, cursor=bad, limit=3)
