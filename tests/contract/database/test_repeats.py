"""Claims of requests and their answers: one of many works, and what it says is everybody's."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import update

from adapters.database import Database, SecretsSettings, SqlRepeats
from adapters.database.repeats_tables import repeats
from domain.errors import Corrupted, KeyReused, StillUnderWay
from domain.repeats import Claim, GivenAnswer

LEASE = timedelta(seconds=30)
SETTINGS = SecretsSettings(key=SecretStr(Fernet.generate_key().decode()))
GIVEN = GivenAnswer(status=201, headers=[("location", "/é")], body=b'{"key": "ccb_secret"}\x00\xff')


@pytest.fixture
def store(db: Database) -> SqlRepeats:
    return SqlRepeats(db, SETTINGS)


async def claimed(store: SqlRepeats, *, lease: timedelta = LEASE, key: str = "k", fingerprint: str = "f") -> Claim:
    claim = await store.claim("ada POST /x", key, fingerprint, lease=lease)
    assert isinstance(claim, Claim)
    return claim


async def test_one_of_many_in_two_processes_gets_the_claim(store: SqlRepeats, other_db: Database):
    stores = (store, SqlRepeats(other_db, SETTINGS))
    asked = (stores[number % 2].claim("ada POST /x", "k", "f", lease=LEASE) for number in range(20))
    found = await asyncio.gather(*asked, return_exceptions=True)
    (claim,) = [one for one in found if isinstance(one, Claim)]
    assert not claim.again
    refused = [one for one in found if isinstance(one, StillUnderWay)]
    assert len(refused) == 19
    assert all(1 <= (one.retry_after or 0) <= 30 for one in refused)
    with pytest.raises(KeyReused):
        await store.claim("ada POST /x", "k", "another", lease=LEASE)


async def test_of_many_that_take_a_dead_holders_claim_over_one_gets_it(store: SqlRepeats, other_db: Database):
    first = await claimed(store, lease=timedelta(0))
    stores = (store, SqlRepeats(other_db, SETTINGS))
    asked = (stores[number % 2].claim("ada POST /x", "k", "f", lease=LEASE) for number in range(20))
    found = await asyncio.gather(*asked, return_exceptions=True)
    (claim,) = [one for one in found if isinstance(one, Claim)]
    assert (claim.request_id, claim.again) == (first.request_id, True)
    assert claim.holder != first.holder


async def test_an_answer_is_everybodys_and_the_first_stays(store: SqlRepeats):
    claim = await claimed(store)
    await store.answer("ada POST /x", "k", claim, GIVEN)
    await store.answer("ada POST /x", "k", claim, GivenAnswer(status=200))
    await store.release("ada POST /x", "k", claim)
    assert await store.claim("ada POST /x", "k", "f", lease=LEASE) == GIVEN
    assert isinstance(await store.claim("bob POST /x", "k", "f", lease=LEASE), Claim)
    assert isinstance(await store.claim("ada POST /x", "l", "f", lease=LEASE), Claim)


async def test_a_former_holder_says_nothing_any_more(store: SqlRepeats):
    former = await claimed(store, lease=timedelta(0))
    await claimed(store)
    await store.answer("ada POST /x", "k", former, GIVEN)
    await store.renew("ada POST /x", "k", former, lease=timedelta(0))
    await store.release("ada POST /x", "k", former)
    with pytest.raises(StillUnderWay):
        await store.claim("ada POST /x", "k", "f", lease=LEASE)


async def test_what_is_renewed_stays_held_and_what_is_released_is_free(store: SqlRepeats):
    claim = await claimed(store, lease=timedelta(0))
    await store.renew("ada POST /x", "k", claim, lease=LEASE)
    with pytest.raises(StillUnderWay):
        await store.claim("ada POST /x", "k", "f", lease=LEASE)
    await store.release("ada POST /x", "k", claim)
    assert (await claimed(store)).request_id == claim.request_id


async def test_answers_lie_encrypted_and_are_bound_to_their_request(db: Database, store: SqlRepeats, scalars):
    for key in ("k", "l"):
        await store.answer("ada POST /x", key, await claimed(store, key=key), GIVEN)
    (sealed, other) = await scalars("SELECT answer FROM repeats ORDER BY created_at")
    assert "ccb_secret" not in sealed + other
    async with db.write() as connection:
        await connection.execute(update(repeats).values(answer=sealed))
    with pytest.raises(Corrupted, match="is not it"):
        await store.claim("ada POST /x", "l", "f", lease=LEASE)
    stranger = SqlRepeats(db, SecretsSettings(key=SecretStr(Fernet.generate_key().decode())))
    with pytest.raises(Corrupted, match="CCB_SECRETS_KEY"):
        await stranger.claim("ada POST /x", "k", "f", lease=LEASE)


async def test_old_ones_are_forgotten_by_the_thousand(db: Database, store: SqlRepeats, scalars):
    claim = await claimed(store)
    old = datetime.now(UTC) - timedelta(days=2)
    row = {"request_id": claim.request_id, "fingerprint": "f", "holder": claim.holder, "held_until": old}
    async with db.write() as connection:
        await connection.execute(repeats.insert(), [{"id": str(n), "created_at": old, **row} for n in range(2500)])
    assert await store.prune(kept=timedelta(days=1)) == 2500
    assert await scalars("SELECT count(*) FROM repeats") == [1]
