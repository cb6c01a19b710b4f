"""Secrets of integrations: what is stored, for whom, and what is found out when it is read."""

import asyncio
import json

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr, ValidationError
from sqlalchemy import update

from adapters.database import SecretsSettings, SqlIntegrations, SqlReencryption, SqlSecrets
from adapters.database.tables import secrets as table
from domain import ids
from domain.errors import Conflict, Corrupted, InvalidInput, NotFound
from domain.lifecycle import Stage
from domain.people import Actor, Channel

VALUE = SecretStr("hunter2 ☂ and\nanother line")
OPERATOR = Actor(channel=Channel.CLI, name="grace")


def key() -> str:
    return Fernet.generate_key().decode()


def settings(*keys: str) -> SecretsSettings:
    return SecretsSettings(key=SecretStr(",".join(keys)))


@pytest.fixture
def store(db) -> SqlSecrets:
    return SqlSecrets(db, settings(key()))


@pytest.fixture
async def integration(db, requested) -> str:
    return (await SqlIntegrations(db).accept(requested(), workflow_id="w", run_id="r")).id


async def test_what_is_put_is_named_revealed_and_forgotten(store, integration):
    assert await store.names(integration) == []
    assert await store.reveal(integration) == {}
    await store.put(integration, "API_TOKEN", SecretStr("first"))
    await store.put(integration, "API_TOKEN", VALUE)
    await store.put(integration, "APIKEY", SecretStr("x" * 65_536))
    assert await store.names(integration) == ["APIKEY", "API_TOKEN"]
    assert await store.reveal(integration) == {"APIKEY": SecretStr("x" * 65_536), "API_TOKEN": VALUE}
    await store.forget(integration)
    await store.forget(integration)
    assert await store.names(integration) == []
    await store.forget(ids.new("int"))


async def test_each_integration_has_its_own(db, store, integration, requested):
    other = (await SqlIntegrations(db).accept(requested(), workflow_id="w2", run_id="r")).id
    await store.put(integration, "API_TOKEN", SecretStr("mine"))
    await store.put(other, "API_TOKEN", SecretStr("theirs"))
    await store.forget(integration)
    assert await store.reveal(integration) == {}
    assert await store.reveal(other) == {"API_TOKEN": SecretStr("theirs")}


async def test_put_at_once_one_stays(store, integration):
    values = [SecretStr(f"value {number}") for number in range(8)]
    await asyncio.gather(*(store.put(integration, "API_TOKEN", value) for value in values))
    assert (await store.reveal(integration))["API_TOKEN"] in values


async def test_only_ciphertext_is_stored_and_the_audit_says_who_and_not_what(db, store, integration, scalars):
    await store.put(integration, "API_TOKEN", VALUE, actor=OPERATOR)
    await store.forget(integration)
    await store.forget(integration)
    entries = [one for one in await SqlIntegrations(db).audit(integration) if one.action.startswith("secret.")]
    assert [(one.action, one.result) for one in entries] == [
        ("secret.put", "API_TOKEN"),
        ("secret.forget", "API_TOKEN"),
    ]
    assert entries[0].actor == OPERATOR
    assert "hunter2" not in str(entries)
    await store.put(integration, "API_TOKEN", VALUE)
    (sealed,) = await scalars("SELECT ciphertext FROM secrets")
    assert "hunter2" not in str(sealed)


async def test_a_row_moved_to_another_integration_or_name_is_found_out(db, store, integration, requested):
    other = (await SqlIntegrations(db).accept(requested(), workflow_id="w2", run_id="r")).id
    await store.put(integration, "API_TOKEN", VALUE)
    await store.put(other, "API_TOKEN", SecretStr("theirs"))
    async with db.read() as connection:
        sealed = {row.integration_id: row.ciphertext for row in await connection.execute(table.select())}
    async with db.write() as connection:
        moved = update(table).where(table.c.integration_id == other).values(ciphertext=sealed[integration])
        await connection.execute(moved)
        await connection.execute(update(table).where(table.c.integration_id == integration).values(name="OTHER"))
    for victim in (other, integration):
        with pytest.raises(Corrupted, match="is not it") as found:
            await store.reveal(victim)
        assert "hunter2" not in str(found.value)


async def test_an_altered_value_and_another_key_are_found_out(db, store, integration):
    await store.put(integration, "API_TOKEN", VALUE)
    with pytest.raises(Corrupted, match="CCB_SECRETS_KEY"):
        await SqlSecrets(db, settings(key())).reveal(integration)
    async with db.write() as connection:
        sealed = (await connection.execute(table.select())).one().ciphertext
        altered = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
        await connection.execute(update(table).values(ciphertext=altered))
    with pytest.raises(Corrupted, match="API_TOKEN"):
        await store.reveal(integration)


async def test_keys_are_changed_by_putting_the_new_one_first(db, integration):
    old, new = key(), key()
    await SqlSecrets(db, settings(old)).put(integration, "OLD", SecretStr("before"))
    both = SqlSecrets(db, settings(new, f" {old}"))
    await both.put(integration, "NEW", SecretStr("after"))
    assert await both.reveal(integration) == {"NEW": SecretStr("after"), "OLD": SecretStr("before")}
    await both.put(integration, "OLD", SecretStr("again"))
    assert (await SqlSecrets(db, settings(new)).reveal(integration))["OLD"] == SecretStr("again")


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("api_token", "hunter2", "name"),
        ("", "hunter2", "name"),
        ("A" * 65, "hunter2", "name"),
        ("API_TOKEN\n", "hunter2", "name"),
        ("API_TOKEN", "", "value"),
        ("API_TOKEN", "hunter2" + "x" * 65_530, "value"),
        ("API_TOKEN", "hunter2" + "☂" * 30_000, "value"),
        ("API_TOKEN", "hunter2\x00", "value"),
        ("API_TOKEN", "hunter2\ud800", "value"),
    ],
)
async def test_what_no_environment_could_hold_is_refused(store, integration, name: str, value: str, field: str):
    with pytest.raises(InvalidInput) as refused:
        await store.put(integration, name, SecretStr(value))
    assert refused.value.details["field"] == field
    assert "hunter2" not in refused.value.message + json.dumps(refused.value.details)
    assert refused.value.__cause__ is None or field == "name"
    assert await store.names(integration) == []


async def test_an_integration_that_is_not_there_or_over_takes_none(db, store, integration):
    with pytest.raises(NotFound):
        await store.put(ids.new("int"), "API_TOKEN", VALUE)
    await SqlIntegrations(db).enter(integration, Stage.FAILED, key="end")
    with pytest.raises(Conflict, match="failed"):
        await store.put(integration, "API_TOKEN", VALUE)


@pytest.mark.parametrize(
    "malformed",
    ["", "hunter2", f"{key()},", f"{key()},hunter2", key()[:-4]],
    ids=["empty", "a word", "a key and nothing", "a key and a word", "cut short"],
)
def test_a_malformed_key_is_a_sentence_that_does_not_repeat_it(malformed: str):
    with pytest.raises(ValidationError, match=r"key \d in CCB_SECRETS_KEY is not a Fernet key") as refused:
        settings(malformed)
    assert "openssl" in str(refused.value)
    assert not malformed or malformed not in str(refused.value)


def test_there_is_no_key_unless_one_is_given(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CCB_SECRETS_KEY", raising=False)
    with pytest.raises(ValidationError, match="CCB_SECRETS_KEY"):
        SecretsSettings()
    monkeypatch.setenv("CCB_SECRETS_KEY", key())
    SecretsSettings().cipher()


async def test_after_reencryption_the_former_key_is_not_needed(db, integration):
    """What one that was broken off has done is not done again."""
    former, newest = key(), key()
    store = SqlSecrets(db, settings(former))
    names = [f"TOKEN_{number}" for number in range(120)]
    for name in names:
        await store.put(integration, name, SecretStr(f"value of {name}"))
    await SqlSecrets(db, settings(newest, former)).put(integration, names[0], SecretStr("set since"))
    done = await SqlReencryption(db, settings(newest, former)).run()
    assert (done.renewed, done.values) == (119, 120)
    assert (await SqlReencryption(db, settings(newest)).run()).renewed == 0
    revealed = await SqlSecrets(db, settings(newest)).reveal(integration)
    assert revealed == {name: SecretStr(f"value of {name}") for name in names} | {names[0]: SecretStr("set since")}


async def test_a_value_that_no_key_opens_is_named_and_left(db, store, integration, scalars):
    await store.put(integration, "API_TOKEN", VALUE)
    before = await scalars("SELECT ciphertext FROM secrets")
    with pytest.raises(Corrupted, match=f"{integration} API_TOKEN"):
        await SqlReencryption(db, settings(key())).run()
    assert await scalars("SELECT ciphertext FROM secrets") == before
