"""Identities, passkeys, what is good once and requests of devices, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from adapters.database import Database, SqlDeviceGrants, SqlIdentities, SqlOneTime, SqlPasskeys, SqlPeople
from adapters.database.federation_once import KEPT
from domain import ids
from domain.errors import Conflict, NotFound
from domain.federation import Asserted, DeviceGrant, GrantState, Identity, Kind, Passkey
from domain.people import Person

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@pytest.fixture
async def person(db: Database) -> Person:
    return await SqlPeople(db).add(Person(id=ids.new("per"), name="ada", created_at=NOW))


def identity(person: Person, **changes: object) -> Identity:
    values = {"provider": "sim", "issuer": "https://login.example", "subject": "1", "created_at": NOW}
    return Identity.model_validate({"id": ids.new("idn"), "person_id": person.id, **values, **changes})


def passkey(person: Person, **changes: object) -> Passkey:
    values = {"name": "phone", "credential_id": "a" * 1400, "public_key": "b", "sign_count": 3, "backed_up": False}
    return Passkey.model_validate(
        {"id": ids.new("pky"), "person_id": person.id, "created_at": NOW, **values, **changes}
    )


def grant(**changes: object) -> DeviceGrant:
    values = {"client": "ccb", "ip": "192.0.2.1", "interval": 5, "created_at": NOW, "expires_at": NOW + seconds(600)}
    return DeviceGrant.model_validate({"user_code": "BCDFGHJK", **values, **changes})


async def test_an_identity_is_one_persons(db: Database, other_db: Database, person: Person) -> None:
    other = await SqlPeople(db).add(Person(id=ids.new("per"), name="bob", created_at=NOW))
    mine, theirs = identity(person), identity(other)
    done = await asyncio.gather(
        SqlIdentities(db).link(mine), SqlIdentities(other_db).link(theirs), return_exceptions=True
    )
    assert [isinstance(one, Conflict) for one in done].count(True) == 1
    found = await SqlIdentities(db).find(mine.issuer, mine.subject)
    assert found in {mine, theirs}
    assert await SqlIdentities(db).find("https://other.example", mine.subject) is None
    again = identity(person if found == mine else other)
    assert await SqlIdentities(db).link(again) == found
    await SqlIdentities(db).used(found.id, NOW)
    assert [one.last_used_at for one in await SqlIdentities(db).of(found.person_id)] == [NOW]
    stranger = other if found == mine else person
    with pytest.raises(NotFound):
        await SqlIdentities(db).unlink(found.id, person_id=stranger.id)
    await SqlIdentities(db).unlink(found.id, person_id=found.person_id)
    assert await SqlIdentities(db).find(mine.issuer, mine.subject) is None


async def test_a_passkey_counts_on(db: Database, other_db: Database, person: Person) -> None:
    kept = passkey(person)
    await SqlPasskeys(db).add(kept)
    with pytest.raises(Conflict, match="known already"):
        await SqlPasskeys(db).add(passkey(person))
    assert await SqlPasskeys(db).by_credential(kept.credential_id) == kept
    asserted = Asserted(sign_count=4, backed_up=True)
    done = await asyncio.gather(
        SqlPasskeys(db).used(kept, asserted, NOW), SqlPasskeys(other_db).used(kept, asserted, NOW)
    )
    assert sorted(done) == [False, True]
    (found,) = await SqlPasskeys(db).of(person.id)
    assert (found.sign_count, found.backed_up, found.last_used_at) == (4, True, NOW)
    with pytest.raises(NotFound):
        await SqlPasskeys(db).remove(kept.id, person_id=ids.new("per"))
    await SqlPasskeys(db).remove(kept.id, person_id=person.id)
    assert await SqlPasskeys(db).by_credential(kept.credential_id) is None


async def test_what_is_good_once_is_given_once_to_whoever_asks(db: Database, other_db: Database) -> None:
    now = [NOW]
    here, there = (SqlOneTime(one, now=lambda: now[0]) for one in (db, other_db))
    secret = SecretStr("a secret")
    await here.keep(Kind.OAUTH, secret, {"nonce": "n"}, lasts=seconds(60))
    assert await there.take(Kind.HANDOFF, secret) is None
    takers = [taker.take(Kind.OAUTH, secret) for taker in (here, there, here, there)]
    taken = await asyncio.gather(*takers)
    assert [one for one in taken if one is not None] == [{"nonce": "n"}]
    await here.keep(Kind.OAUTH, secret, {}, lasts=seconds(60))
    now[0] = NOW + seconds(61)
    assert await there.take(Kind.OAUTH, secret) is None


async def test_what_is_over_does_not_pile_up(db: Database, scalars) -> None:
    now = [NOW]
    kept = SqlOneTime(db, now=lambda: now[0])
    for number in range(3):
        await kept.keep(Kind.PASSKEY_LOGIN, SecretStr(f"{number}"), {}, lasts=seconds(60))
        now[0] += seconds(50)
    assert await scalars("SELECT count(*) FROM one_time") == [2]
    assert "0" not in await scalars("SELECT sha256 FROM one_time")


async def test_a_device_is_answered_once_by_whichever_replica(db: Database, other_db: Database, person: Person) -> None:
    here, there, code = SqlDeviceGrants(db), SqlDeviceGrants(other_db), SecretStr("device code")
    assert await here.ask(code, grant())
    assert not await there.ask(SecretStr("another"), grant()), "the user code is taken"
    assert (await here.waiting("BCDFGHJK", NOW)) == grant()
    deciding = [
        one.decide("BCDFGHJK", person_id=person.id, allow=allow, now=NOW)
        for one, allow in ((here, True), (there, False))
    ]
    assert sorted(await asyncio.gather(*deciding)) == [False, True]
    assert await here.waiting("BCDFGHJK", NOW) is None
    polled = await asyncio.gather(*(one.poll(code, NOW + seconds(1)) for one in (here, there, here)))
    (found, hasty) = next(one for one in polled if one is not None)
    assert [one is None for one in polled].count(False) == 1
    assert (found.state in {GrantState.APPROVED, GrantState.DENIED}, hasty) == (True, False)
    assert found.person_id == person.id


async def test_who_polls_too_often_waits_longer_and_is_given_nothing(db: Database, person: Person) -> None:
    grants, code = SqlDeviceGrants(db), SecretStr("device code")
    await grants.ask(code, grant())
    for moment, hasty, interval in ((0, False, 5), (3, True, 5), (9, True, 10), (30, False, 15)):
        found = await grants.poll(code, NOW + seconds(moment))
        assert found is not None
        assert (found[1], found[0].interval) == (hasty, interval), moment
    await grants.decide("BCDFGHJK", person_id=person.id, allow=True, now=NOW)
    hurried = await grants.poll(code, NOW + seconds(31))
    assert hurried is not None
    assert hurried[1], "it is not given away to who does not wait"
    given = await grants.poll(code, NOW + seconds(60))
    assert given is not None
    assert (given[0].state, given[1]) == (GrantState.APPROVED, False)
    assert await grants.poll(code, NOW + seconds(90)) is None


async def test_a_device_that_came_too_late(db: Database, person: Person, scalars) -> None:
    grants, code = SqlDeviceGrants(db), SecretStr("device code")
    await grants.ask(code, grant())
    late = NOW + seconds(601)
    assert await grants.waiting("BCDFGHJK", late) is None
    assert not await grants.decide("BCDFGHJK", person_id=person.id, allow=True, now=late)
    found = await grants.poll(code, late)
    assert found is not None
    assert found[0].expires_at <= late
    day = late + KEPT
    fresh = grant(user_code="CCCCCCCC", created_at=day, expires_at=day + seconds(600))
    assert await grants.ask(SecretStr("the next"), fresh)
    assert await scalars("SELECT user_code FROM device_grants") == ["CCCCCCCC"]
