"""Accounts and second factors as they are stored, on both databases."""

import asyncio
import json

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import update

from adapters.database import SecretsSettings, SqlFactors, SqlLogins, SqlSessions
from adapters.database.logins_tables import second_factors
from domain import ids
from domain.accounts import Purpose
from domain.errors import Conflict, Corrupted, NotFound
from tests.contract.database.at_the_door import DAY, NOW, account, mailed, session


async def test_an_account_is_found_by_its_address_however_it_is_written(db, ada):
    store = SqlLogins(db)
    await store.create(account(ada))
    found = await store.by_email(" ada@EXAMPLE.com ")
    assert found == await store.by_person(ada) == account(ada)
    assert await store.by_email("ad@example.com") is None
    await SqlSessions(db).begin(session(ada), "first", NOW + DAY)
    assert (await store.by_person(ada)).last_login == NOW


async def test_an_address_and_a_person_have_one_account(db, ada, bob):
    store = SqlLogins(db)
    await store.create(account(ada))
    for other in (account(bob, "ADA@example.com"), account(ada, "other@example.com")):
        with pytest.raises(Conflict, match="already"):
            await store.create(other)


async def test_a_mailed_token_is_good_once_for_one_thing_and_for_a_while(db, ada):
    store, invitation = SqlLogins(db), mailed(Purpose.VERIFY, ada)
    await store.mail("digest", invitation)
    assert await store.mailed("digest", Purpose.VERIFY, NOW) == invitation
    assert await store.mailed("digest", Purpose.RESET, NOW) is None
    assert await store.mailed("digest", Purpose.VERIFY, NOW + DAY) is None
    await store.create(account(ada), "digest")
    assert await store.mailed("digest", Purpose.VERIFY, NOW) is None
    with pytest.raises(Conflict, match="used"):
        await store.set_password(ada, SecretStr("$argon2id$2"), NOW, digest="digest")
    assert (await store.by_person(ada)).password == SecretStr("$argon2id$1")


async def test_of_two_that_use_one_token_one_makes_the_account(db, other_db, ada, bob):
    await SqlLogins(db).mail("digest", mailed(Purpose.VERIFY, ada))
    outcomes = await asyncio.gather(
        SqlLogins(db).create(account(ada), "digest"),
        SqlLogins(other_db).create(account(bob, "bob@example.com"), "digest"),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["Account", "Conflict"]


async def test_a_hash_is_replaced_by_a_better_one_only_if_nobody_changed_it(db, ada):
    store = SqlLogins(db)
    await store.create(account(ada, password="old"))
    await store.rehash(ada, SecretStr("older"), SecretStr("stale"))
    assert (await store.by_person(ada)).password == SecretStr("old")
    await store.rehash(ada, SecretStr("old"), SecretStr("new"))
    assert (await store.by_person(ada)).password == SecretStr("new")


async def test_the_first_account_is_made_once_however_many_try(db, other_db, ada, bob):
    made = await asyncio.gather(
        SqlLogins(db).create_first(account(ada)),
        SqlLogins(other_db).create_first(account(bob, "bob@example.com")),
        SqlLogins(db).create_first(account(ada)),
    )
    assert sorted(made) == [False, False, True]
    assert not await SqlLogins(db).create_first(account(bob, "carol@example.com"))


async def test_places_are_remembered_for_one_person_and_for_half_a_year(db, ada, bob):
    store = SqlLogins(db)
    await store.logged_in(ada, "home", NOW)
    await store.logged_in(ada, "work", NOW + DAY)
    assert (await store.last_from(ada, "home"), await store.last_from(bob, "home")) == (NOW, None)
    await store.logged_in(ada, "work", NOW + 180.5 * DAY)
    assert await store.last_from(ada, "home") is None
    assert await store.last_from(ada, "work") == NOW + 180.5 * DAY


def sealed(*keys: str) -> SecretsSettings:
    return SecretsSettings(key=SecretStr(",".join(keys)))


async def test_a_second_factor_counts_once_it_is_confirmed(db, ada):
    logins, factors = SqlLogins(db), SqlFactors(db, sealed(Fernet.generate_key().decode()))
    await logins.create(account(ada))
    await factors.enrol(ada, SecretStr("FIRST"))
    await factors.enrol(ada, SecretStr("SECOND"))
    assert not (await logins.by_person(ada)).second_factor
    await factors.confirm(ada, 7, ["a", "b"], NOW)
    assert (await logins.by_person(ada)).second_factor
    kept = await factors.totp(ada)
    assert (kept.secret, kept.confirmed, kept.step) == (SecretStr("SECOND"), True, 7)
    with pytest.raises(Conflict):
        await factors.enrol(ada, SecretStr("THIRD"))
    with pytest.raises(Conflict):
        await factors.confirm(ada, 8, ["c"], NOW)
    await factors.drop(ada)
    await factors.drop(ada)
    assert await factors.totp(ada) is None
    assert await factors.codes_left(ada) == 0
    with pytest.raises(NotFound):
        await factors.enrol(ids.new("per"), SecretStr("FIRST"))


async def test_a_step_is_used_once_and_none_before_it_even_by_two_at_once(db, other_db, ada):
    settings = sealed(Fernet.generate_key().decode())
    here, there = SqlFactors(db, settings), SqlFactors(other_db, settings)
    await here.enrol(ada, SecretStr("SECRET"))
    await here.confirm(ada, 7, ["a"], NOW)
    assert not await here.use_step(ada, 7)
    assert sorted(await asyncio.gather(here.use_step(ada, 8), there.use_step(ada, 8))) == [False, True]
    assert not await here.use_step(ada, 6)


async def test_a_recovery_code_is_good_once_for_its_owner(db, other_db, ada, bob):
    settings = sealed(Fernet.generate_key().decode())
    here, there = SqlFactors(db, settings), SqlFactors(other_db, settings)
    await here.enrol(ada, SecretStr("SECRET"))
    await here.confirm(ada, 7, ["a", "b"], NOW)
    assert not await here.use_code(bob, "a", NOW)
    used = await asyncio.gather(here.use_code(ada, "a", NOW), there.use_code(ada, "a", NOW))
    assert sorted(used) == [False, True]
    assert await here.codes_left(ada) == 1
    await here.renew_codes(ada, ["c", "d", "e"])
    assert not await here.use_code(ada, "b", NOW)
    assert await here.codes_left(ada) == 3


async def test_the_secret_is_encrypted_rotates_and_is_bound_to_its_owner(db, ada, bob, scalars):
    former, present = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    await SqlFactors(db, sealed(former)).enrol(ada, SecretStr("SECRET"))
    rotated_in = SqlFactors(db, sealed(present, former))
    assert (await rotated_in.totp(ada)).secret == SecretStr("SECRET")
    (stored,) = await scalars("SELECT ciphertext FROM second_factors")
    assert "SECRET" not in json.dumps(stored)
    with pytest.raises(Corrupted, match="CCB_SECRETS_KEY"):
        await SqlFactors(db, sealed(present)).totp(ada)
    await rotated_in.enrol(bob, SecretStr("OTHER"))
    async with db.write() as connection:
        await connection.execute(
            update(second_factors).where(second_factors.c.person_id == bob).values(ciphertext=stored)
        )
    with pytest.raises(Corrupted, match="is not it"):
        await rotated_in.totp(bob)
