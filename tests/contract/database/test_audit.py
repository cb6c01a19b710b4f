"""The audit's chain: each change is in it, whoever writes at once, and whatever is done to it is found."""

import asyncio
from datetime import UTC, datetime

import pytest
from alembic import command
from pydantic import SecretStr
from sqlalchemy import JSON, Column, MetaData, String, Table, Text, bindparam, delete, text, update
from sqlalchemy.exc import IntegrityError

from adapters.database import Database, DatabaseSettings, SqlAudit, SqlIntegrations
from adapters.database.audit_tables import audit, audit_heads
from adapters.database.engine import make_engine
from adapters.database.migrate import configuration, migrate
from adapters.database.tables import Moment
from domain.audit import AuditEntry, AuditPage, Deed, Head, Verified, verified
from domain.errors import Conflict
from domain.lifecycle import Stage
from domain.people import Actor, Channel

PERSON = "per_" + "1" * 32
_BEFORE = {
    "integration_id": String,
    "at": Moment,
    "actor": JSON,
    "action": String,
    "result": String,
    "detail": Text,
}
ADA = Actor(channel=Channel.API, name="ada", person_id=PERSON)


def deed(what: str, organization: str = "org_1") -> Deed:
    return Deed(
        organization_id=organization,
        at=datetime.now(UTC),
        actor=ADA,
        action=what,
        subject="/api/v1/people",
        result="201",
        detail="a NUL \x00 and ünïcödé",
        client="192.0.2.7",
    )


async def looked(db, organization="org_1", *, noted=None) -> Verified:
    page = await SqlAudit(db).page(organization, limit=1000)
    return verified(page.items, page.head, noted=noted)


async def filled(db, number=5) -> AuditPage:
    for count in range(number):
        await SqlAudit(db).add(deed(f"api.number_{count}"))
    page = await SqlAudit(db).page("org_1", limit=1000)
    assert [entry.sequence for entry in page.items] == list(range(1, number + 1))
    return page


async def test_it_holds_and_says_who_did_what_from_where(db):
    page = await filled(db)
    found = await looked(db, noted=page.items[2].hash)
    assert (found.entries, found.head, found.broken) == (5, page.head, None)
    last = page.items[-1]
    assert (last.actor, last.action, last.client, last.detail) == (
        ADA,
        "api.number_4",
        "192.0.2.7",
        "a NUL \ufffd and ünïcödé",
    )
    assert await SqlAudit(db).page("org_2") == AuditPage(items=[], head=Head())


async def test_changes_of_an_integration_are_in_the_chain_of_its_organisation(db, requested):
    store = SqlIntegrations(db)
    row = await store.accept(requested(), workflow_id="w", run_id="r")
    await store.enter(row.id, Stage.ANALYZING, key="1")
    found = await looked(db, row.organization_id)
    assert (found.entries, found.broken) == (2, None)
    assert [entry.action for entry in await store.audit(row.id)] == ["integration.accept", "integration.enter"]


async def test_what_is_rolled_back_leaves_no_entry(db):
    page = await filled(db, 2)
    with pytest.raises((Conflict, IntegrityError)):
        async with db.write() as connection:
            await connection.execute(
                audit_heads.insert().values(organization_id="org_1", sequence=0, hash="")  # it is there
            )
    assert (await looked(db)).head == page.head


async def test_many_at_once_make_one_chain(db, other_db):
    """Two processes' pools, two organisations, all at once."""
    stores = [SqlAudit(db), SqlAudit(other_db)]
    await asyncio.gather(
        *(stores[one % 2].add(deed(f"api.{one}", organization=f"org_{one % 3 // 2 + 1}")) for one in range(60))
    )
    first, second = await looked(db, "org_1"), await looked(db, "org_2")
    assert (first.broken, second.broken) == (None, None)
    assert (first.entries, second.entries) == (40, 20)


@pytest.mark.parametrize("field", ["result", "subject", "action", "client", "detail"])
async def test_a_changed_entry_is_found(db, field):
    await filled(db)
    async with db.write() as connection:
        await connection.execute(update(audit).where(audit.c.sequence == 3).values({field: "something else"}))
    found = await looked(db)
    assert found.broken is not None
    assert found.broken.sequence == 3


async def test_a_changed_actor_or_time_is_found(db):
    page = await filled(db)
    for values in ({"actor": {"channel": "api", "name": "grace"}}, {"at": datetime(2020, 1, 1, tzinfo=UTC)}):
        async with db.write() as connection:
            await connection.execute(update(audit).where(audit.c.sequence == 2).values(values))
        found = await looked(db)
        assert found.broken is not None
        assert found.broken.sequence == 2
        entry = page.items[1]
        before = {"actor": entry.actor.model_dump(mode="json"), "at": entry.at}
        async with db.write() as connection:
            await connection.execute(update(audit).where(audit.c.sequence == 2).values(before))
        assert (await looked(db)).broken is None


@pytest.mark.parametrize(("gone", "at"), [(1, 1), (3, 3), (5, 5)])
async def test_a_removed_entry_is_found_the_last_one_too(db, gone, at):
    await filled(db)
    async with db.write() as connection:
        await connection.execute(delete(audit).where(audit.c.sequence == gone))
    found = await looked(db)
    assert found.broken is not None
    assert found.broken.sequence == at


async def test_entries_that_changed_places_are_found(db):
    await filled(db)
    async with db.write() as connection:
        for old, new in ((2, 99), (4, 2), (99, 4)):
            await connection.execute(update(audit).where(audit.c.sequence == old).values(sequence=new))
    found = await looked(db)
    assert found.broken is not None
    assert found.broken.sequence == 2


async def test_a_chain_that_was_computed_anew_is_found_by_what_was_noted(db):
    noted = (await filled(db)).head.hash
    async with db.write() as connection:
        await connection.execute(delete(audit))
        await connection.execute(delete(audit_heads))
    await filled(db)
    assert (await looked(db)).broken is None
    found = await looked(db, noted=noted)
    assert found.broken is not None
    assert "not in the chain" in found.broken.why


async def test_pages_and_filters(db):
    await filled(db, 7)
    store = SqlAudit(db)
    page = await store.page("org_1", after=2, limit=3)
    assert ([entry.sequence for entry in page.items], page.head.sequence) == ([3, 4, 5], 7)
    last = await store.page("org_1", limit=2, newest=True)
    assert [entry.sequence for entry in last.items] == [6, 7]
    one = await store.page("org_1", action="api.number_3")
    assert [entry.sequence for entry in one.items] == [4]
    assert len((await store.page("org_1", person_id=PERSON)).items) == 7
    assert (await store.page("org_1", person_id="per_" + "2" * 32)).items == []
    assert (await store.page("org_1", subject="/api/v1/nothing")).items == []


async def test_what_was_written_before_there_was_a_chain_is_taken_up(empty_url):
    """By the migration, in its order, for each organisation."""
    engine = make_engine(DatabaseSettings(url=SecretStr(empty_url)))
    organizations = {"int_a": "org_1", "int_b": "org_2"}
    written = [("int_a", "integration.accept"), ("int_b", "integration.accept"), ("int_a", "integration.enter")]

    def older(connection):
        command.upgrade(configuration(connection), "0015")
        for name, organization in organizations.items():
            connection.execute(
                text(
                    "INSERT INTO integrations (id, organization_id, title, stage, workflow_id, run_id, requester,"
                    " repository, created_at, updated_at, revision, last_sequence)"
                    " VALUES (:id, :organization, 't', 'requested', 'w', 'r', :asked, 'a/b', :at, :at, 1, 1)"
                ).bindparams(bindparam("at", type_=Moment)),
                {"id": name, "organization": organization, "asked": ADA.model_dump_json(), "at": datetime.now(UTC)},
            )
        before = Table("audit", MetaData(), *(Column(n, t) for n, t in _BEFORE.items()))
        for name, action in written:
            row = {"integration_id": name, "at": datetime.now(UTC), "actor": ADA.model_dump(mode="json")}
            connection.execute(before.insert(), {**row, "action": action, "result": "x", "detail": "d"})

    async with engine.begin() as connection:
        await connection.run_sync(older)
    await engine.dispose()
    await migrate(empty_url)
    db = await Database.open(DatabaseSettings(url=SecretStr(empty_url)))
    try:
        first, second = await looked(db, "org_1"), await looked(db, "org_2")
        assert (first.entries, first.broken, second.entries, second.broken) == (2, None, 1, None)
        page = await SqlAudit(db).page("org_1")
        assert [(one.subject, one.action) for one in page.items] == [
            ("int_a", "integration.accept"),
            ("int_a", "integration.enter"),
        ]
        await SqlAudit(db).add(deed("api.next"))
        assert (await looked(db)).entries == 3
    finally:
        await db.close()


def test_a_gap_and_an_empty_chain():
    assert verified([], Head()) == Verified(entries=0, head=Head())
    entry = AuditEntry(**deed("x").model_dump(), sequence=2, hash="a" * 64)
    found = verified([entry], Head(sequence=2, hash="a" * 64))
    assert found.broken is not None
    assert found.broken.sequence == 1
