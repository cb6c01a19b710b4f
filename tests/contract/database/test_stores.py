"""Outbox, people and deliveries."""

import asyncio
import re
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from adapters.database import SqlDeliveries, SqlIntegrations, SqlOutbox, SqlPeople
from domain import ids
from domain.artifacts import ArtifactRef, content_hash
from domain.deliveries import Arrived
from domain.errors import Conflict, NotFound
from domain.people import Channel, Person, Role
from domain.runs import Delivery, DeliveryOutcome


async def test_the_outbox_gives_the_oldest_until_they_are_marked(db, requested):
    store, outbox = SqlIntegrations(db), SqlOutbox(db)
    rows = [await store.accept(requested(), workflow_id="w", run_id="r") for _ in range(3)]
    first = await outbox.unsent(2)
    assert [event.subject for event in first] == [row.id for row in rows[:2]]
    assert first == await outbox.unsent(2)
    await outbox.mark_sent([event.id for event in first])
    await outbox.mark_sent([event.id for event in first])
    await outbox.mark_sent([])
    (last,) = await outbox.unsent(2)
    assert [last] == await store.events(rows[2].id)


def person(name: str, **more: object) -> Person:
    return Person(id=ids.new("per"), name=name, **more)


async def owner_of(people: SqlPeople, key: SecretStr) -> Person | None:
    found = await people.by_key(key)
    return found and Person.model_validate(found.model_dump())


async def test_people_are_found_by_the_names_they_have_there(db):
    people = SqlPeople(db)
    grace = await people.add(person("Grace", github="GraceH", slack="U1", email="g@example.com", role=Role.REVIEWER))
    assert grace.created_at is not None
    assert await people.add(grace) == grace
    assert (await people.find(Channel.GITHUB, "graceh")).id == grace.id
    assert (await people.find(Channel.SLACK, "u1")).id == grace.id
    assert (await people.find(Channel.CLI, "GRACE")).id == grace.id
    assert (await people.find(Channel.API, "G@example.com")).id == grace.id
    assert await people.find(Channel.GITHUB, "Grace") is None
    for same in (person("grace"), person("x", github="GRACEH"), person("y", slack="u1")):
        with pytest.raises(Conflict, match="in this organisation already"):
            await people.add(same)
    elsewhere = await people.add(person("Grace", organization_id="org_" + "1" * 32))
    assert await people.list(ids.DEFAULT_ORGANIZATION) == [grace]
    assert await people.list(elsewhere.organization_id) == [elsewhere]


async def test_ensuring_a_person_at_once_makes_one(db):
    people = SqlPeople(db)
    made = await asyncio.gather(*(people.ensure("operator", Role.ADMIN) for _ in range(8)))
    assert len({each.id for each in made}) == 1
    assert (await people.ensure("Operator", Role.VIEWER)).role is Role.ADMIN


async def test_keys_are_shown_once_and_only_their_hash_is_kept(db, scalars):
    people = SqlPeople(db)
    ada = await people.ensure("ada", Role.DEVELOPER)
    key = await people.issue_key(ada.id, label="laptop")
    assert re.fullmatch(r"ccb_[A-Za-z0-9_-]{43}", key.get_secret_value())
    assert await owner_of(people, key) == ada
    assert await people.by_key(SecretStr("ccb_" + "x" * 43)) is None
    assert key.get_secret_value() not in str(await scalars("SELECT sha256 FROM api_keys"))
    await scalars("UPDATE api_keys SET revoked_at = '2026-01-01 00:00:00' RETURNING label")
    assert await people.by_key(key) is None
    with pytest.raises(NotFound):
        await people.issue_key(ids.new("per"), label="nobody")


async def test_a_key_from_a_file_is_made_valid_as_often_as_asked(db):
    people = SqlPeople(db)
    ada, bob = await people.ensure("ada", Role.ADMIN), await people.ensure("bob", Role.ADMIN)
    key = SecretStr("ccb_" + "k" * 43)
    await asyncio.gather(*(people.ensure_key(ada.id, key, label="operator") for _ in range(5)))
    assert await owner_of(people, key) == ada
    await people.ensure_key(bob.id, key, label="operator")
    assert await owner_of(people, key) == bob


def delivery(number: int) -> Delivery:
    body = ArtifactRef(hash=content_hash(b"x"), size=1)
    return Delivery(source="github", id=f"d{number}", event="issues", received_at=datetime.now(UTC), body=body)


async def test_a_delivery_is_stored_once_and_finished_once(db, scalars):
    inbox = SqlDeliveries(db)
    first = delivery(1)
    tries = await asyncio.gather(*(inbox.store([Arrived(first, b"x")]) for _ in range(6)))
    assert sorted(tries) == [[False]] * 5 + [[True]]
    assert await inbox.store([Arrived(first.model_copy(update={"source": "slack"}), b"x")]) == [True]
    assert await inbox.unfinished(older_than_seconds=60) == []
    assert first in await inbox.unfinished(older_than_seconds=0)
    await inbox.finish("github", "d1", DeliveryOutcome(action="started"))
    await inbox.finish("github", "d1", DeliveryOutcome(action="refused"))
    assert [left.source for left in await inbox.unfinished(older_than_seconds=0)] == ["slack"]
    (outcome,) = await scalars("SELECT CAST(outcome AS TEXT) FROM deliveries WHERE source = 'github'")
    assert "started" in outcome
