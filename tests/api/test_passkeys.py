"""Passkeys, with an authenticator in software: made once, used as often as one likes, of no use to others."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from struct import pack, unpack
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from soft_webauthn import SoftWebauthnDevice
from sqlalchemy import update

from adapters.database import Database
from adapters.database.logins_tables import sessions
from api.recent import RECENT
from api.wiring import ProcessSettings
from tests.api.loggedin import anonymous, as_person, deeds_of, session_of, someone
from tests.api.world import World

BASE = "/api/v1/auth/passkeys"
PRESENT, VERIFIED = 0x01, 0x04
_FLAGS, _COUNT = 32, slice(33, 37)
"""Where they are in authenticator data (WebAuthn level 3 §6.1)."""


class Authenticator:
    """soft-webauthn's device, which only says that somebody was there; this one has checked who, unless told not to."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.device = SoftWebauthnDevice()
        self.verifies = True

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        public = {
            **options,
            "challenge": decoded(options["challenge"]),
            "user": {**options["user"], "id": decoded(options["user"]["id"])},
        }
        made = self.device.create({"publicKey": public}, self.origin)
        attestation = cbor.decode(made["response"]["attestationObject"])
        attestation["authData"] = self._flagged(attestation["authData"])
        made["response"]["attestationObject"] = cbor.encode(attestation)
        return as_json(made)

    def get(self, options: dict[str, Any], *, count: int | None = None) -> dict[str, Any]:
        public = {**options, "challenge": decoded(options["challenge"])}
        found = self.device.get({"publicKey": public}, self.origin)
        response = found["response"]
        data = self._flagged(response["authenticatorData"])
        if count is not None:
            data = data[: _COUNT.start] + pack(">I", count) + data[_COUNT.stop :]
        digest = hashes.Hash(hashes.SHA256())
        digest.update(response["clientDataJSON"])
        key = self.device.private_key
        response |= {
            "authenticatorData": data,
            "signature": key.sign(data + digest.finalize(), ec.ECDSA(hashes.SHA256())),
        }
        return as_json(found)

    def _flagged(self, data: bytes) -> bytes:
        flags = data[_FLAGS] | (VERIFIED if self.verifies else 0)
        return data[:_FLAGS] + bytes([flags]) + data[_FLAGS + 1 :]


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def as_json(credential: dict[str, Any]) -> dict[str, Any]:
    """As `PublicKeyCredential.toJSON()` writes it."""

    def text(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    response = {name: text(value) for name, value in credential["response"].items() if value is not None}
    raw = text(credential["rawId"])
    return {"id": raw, "rawId": raw, "type": "public-key", "response": response, "clientExtensionResults": {}}


@pytest.fixture
def origin(world: World) -> str:
    return world.services.federation.public_url


async def added(me: httpx.AsyncClient, origin: str, name: str = "phone") -> tuple[Authenticator, dict[str, Any]]:
    authenticator = Authenticator(origin)
    begun = await me.post(f"{BASE}/registration")
    assert begun.status_code == 200, begun.text
    made = await me.post(BASE, json={"name": name, "credential": authenticator.create(begun.json()["options"])})
    assert made.status_code == 201, made.text
    return authenticator, made.json()


async def log_in(world: World, authenticator: Authenticator, **how: Any) -> httpx.Response:
    async with anonymous(world) as stranger:
        begun = (await stranger.post(f"{BASE}/authentication")).json()["options"]
        return await stranger.post(f"{BASE}/login", json={"credential": authenticator.get(begun, **how)})


async def test_somebody_adds_one_and_logs_in_with_it_alone(world: World, origin: str) -> None:
    person, _ = await someone(world)
    async with as_person(world, await session_of(world, person)) as me:
        begun = (await me.post(f"{BASE}/registration")).json()["options"]
        assert begun["rp"]["id"] == "localhost"
        assert begun["authenticatorSelection"]["userVerification"] == "required"
        authenticator, made = await added(me, origin)
        assert made["name"] == "phone"
        assert [one["id"] for one in (await me.get(BASE)).json()] == [made["id"]]
        again = (await me.post(f"{BASE}/registration")).json()["options"]
        assert [one["id"] for one in again["excludeCredentials"]] == [as_json_id(authenticator)]
    answer = await log_in(world, authenticator)
    assert answer.status_code == 200, answer.text
    async with httpx.AsyncClient(base_url=world.url, trust_env=False) as client:
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert (await client.get("/api/v1/me", headers=headers)).json()["id"] == person.id
        current = next(
            one for one in (await client.get("/api/v1/auth/sessions", headers=headers)).json() if one["current"]
        )
    assert (current["method"], current["second_factor"]) == ("passkey", True)
    made_two = ["begin_passkey", "begin_passkey", "add_passkey", "begin_passkey"]
    assert await deeds_of(world, person) == [*made_two, "log_in_with_passkey"]


def as_json_id(authenticator: Authenticator) -> str:
    return base64.urlsafe_b64encode(authenticator.device.credential_id).rstrip(b"=").decode()


async def test_a_removed_one_lets_nobody_in(world: World, origin: str) -> None:
    person, _ = await someone(world)
    stranger, _ = await someone(world)
    async with as_person(world, await session_of(world, person)) as me:
        authenticator, made = await added(me, origin)
        async with as_person(world, await session_of(world, stranger)) as other:
            assert (await other.delete(f"{BASE}/{made['id']}")).status_code == 404
            assert (await other.get(BASE)).json() == []
        assert (await log_in(world, authenticator)).status_code == 200
        assert (await me.delete(f"{BASE}/{made['id']}")).status_code == 204
        assert (await me.delete(f"{BASE}/{made['id']}")).status_code == 404
    refused = await log_in(world, authenticator)
    assert refused.status_code == 401
    assert refused.json()["code"] == "unauthenticated"


async def test_an_answer_is_good_once(world: World, origin: str) -> None:
    person, _ = await someone(world)
    async with as_person(world, await session_of(world, person)) as me:
        authenticator = Authenticator(origin)
        begun = (await me.post(f"{BASE}/registration")).json()["options"]
        body = {"name": "phone", "credential": authenticator.create(begun)}
        assert (await me.post(BASE, json=body)).status_code == 201
        assert (await me.post(BASE, json=body)).status_code == 409
    async with anonymous(world) as stranger:
        begun = (await stranger.post(f"{BASE}/authentication")).json()["options"]
        login = {"credential": authenticator.get(begun)}
        assert (await stranger.post(f"{BASE}/login", json=login)).status_code == 200
        assert (await stranger.post(f"{BASE}/login", json=login)).status_code == 401


async def test_a_copied_authenticator_is_noticed(world: World, origin: str) -> None:
    person, _ = await someone(world)
    async with as_person(world, await session_of(world, person)) as me:
        authenticator, _ = await added(me, origin)
    assert (await log_in(world, authenticator, count=10)).status_code == 200
    for count in (10, 3, 0):
        assert (await log_in(world, authenticator, count=count)).status_code == 401
    assert (await log_in(world, authenticator, count=11)).status_code == 200


def not_verified(authenticator: Authenticator) -> None:
    authenticator.verifies = False


def elsewhere(authenticator: Authenticator) -> None:
    authenticator.origin = "https://evil.example"


def another_key(authenticator: Authenticator) -> None:
    authenticator.device.private_key = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize("spoilt", [not_verified, elsewhere, another_key])
async def test_what_is_not_proven_lets_nobody_in(
    world: World, origin: str, spoilt: Callable[[Authenticator], None]
) -> None:
    person, _ = await someone(world)
    async with as_person(world, await session_of(world, person)) as me:
        authenticator, _ = await added(me, origin)
    spoilt(authenticator)
    refused = await log_in(world, authenticator)
    assert refused.status_code == 401, refused.text


async def test_one_that_does_not_check_who_is_there_is_not_taken(world: World, origin: str) -> None:
    person, _ = await someone(world)
    async with as_person(world, await session_of(world, person)) as me:
        authenticator = Authenticator(origin)
        authenticator.verifies = False
        begun = (await me.post(f"{BASE}/registration")).json()["options"]
        refused = await me.post(BASE, json={"name": "key", "credential": authenticator.create(begun)})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "credential"


async def test_somebody_elses_challenge_is_of_no_use(world: World, origin: str) -> None:
    (one, _), (other, _) = await someone(world), await someone(world)
    async with as_person(world, await session_of(world, one)) as me, anonymous(world) as stranger:
        begun = (await me.post(f"{BASE}/registration")).json()["options"]
        async with as_person(world, await session_of(world, other)) as them:
            body = {"name": "stolen", "credential": Authenticator(origin).create(begun)}
            assert (await them.post(BASE, json=body)).status_code == 409
        authenticator, _ = await added(me, origin)
        registration = (await me.post(f"{BASE}/registration")).json()["options"]
        login = {"credential": authenticator.get({**registration, "rpId": "localhost"})}
        assert (await stranger.post(f"{BASE}/login", json=login)).status_code == 401


def client_data(challenge: str) -> str:
    data = {"type": "webauthn.get", "challenge": challenge, "origin": "https://ccb.example"}
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("data", "status"),
    [("!", 422), ("", 422), ("AAAA", 401), ("W10", 401), ("eyJ0eXBlIjogMX0", 401), (client_data("AAAA"), 401)],
    ids=["no-base64", "empty", "no-json", "no-object", "no-challenge", "unknown-challenge"],
)
async def test_what_is_no_credential_is_refused(world: World, data: str, status: int) -> None:
    response = {"clientDataJSON": data, "authenticatorData": "AAAA", "signature": "AAAA"}
    async with anonymous(world) as stranger:
        credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response}
        refused = await stranger.post(f"{BASE}/login", json={"credential": credential})
        assert refused.status_code == status, refused.text


async def test_what_cannot_be_read_within_is_refused(world: World, origin: str) -> None:
    person, _ = await someone(world)
    async with as_person(world, await session_of(world, person)) as me:
        authenticator, _ = await added(me, origin)
    for name in ("authenticatorData", "signature"):
        for spoilt in ("AAAA", "A" * 5000):
            async with anonymous(world) as stranger:
                begun = (await stranger.post(f"{BASE}/authentication")).json()["options"]
                credential = authenticator.get(begun)
                credential["response"][name] = spoilt
                refused = await stranger.post(f"{BASE}/login", json={"credential": credential})
                assert refused.status_code == 401, refused.text


async def test_a_stranger_and_a_limited_key_have_none(world: World) -> None:
    person, _ = await someone(world)
    _, key = await world.services.keys.issue(person.id, label="ci", scopes=["integrations:read"])
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"}
    async with anonymous(world) as stranger:
        assert (await stranger.get(BASE)).status_code == 401
        assert (await stranger.post(f"{BASE}/registration")).status_code == 401
        assert (await stranger.get(BASE, headers=headers)).status_code == 403
        assert (await stranger.post(f"{BASE}/registration", headers=headers)).status_code == 403


async def test_an_old_session_makes_nothing_that_outlasts_it(world: World, settings: ProcessSettings) -> None:
    person, _ = await someone(world)
    async with as_person(world, await session_of(world, person)) as me:
        database = await Database.open(settings.database)
        long_ago = datetime.now(UTC) - RECENT - timedelta(seconds=1)
        async with database.write() as connection:
            await connection.execute(
                update(sessions).where(sessions.c.person_id == person.id).values(created_at=long_ago)
            )
        await database.close()
        assert (await me.get(BASE)).status_code == 200
        for path in (f"{BASE}/registration", "/api/v1/auth/device/confirm"):
            body = {"user_code": "BBBB-BBBB", "allow": True} if path.endswith("confirm") else None
            refused = await me.post(path, json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), path
            assert "log in again" in refused.json()["detail"]


def test_the_count_is_where_this_file_says() -> None:
    device = SoftWebauthnDevice()
    device.cred_init("localhost", b"x")
    found = device.get({"publicKey": {"rpId": "localhost", "challenge": b"c"}}, "http://localhost")
    data = found["response"]["authenticatorData"]
    assert unpack(">I", data[_COUNT]) == (1,)
    assert data[_FLAGS] == PRESENT
