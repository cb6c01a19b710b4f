"""Sessions and their tokens, as they are seen from outside: what is refused, what ends, what two at once get."""

import asyncio
import base64
import dataclasses
import hashlib
import hmac
import json
import secrets

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from adapters.attestation import keys
from adapters.tokens import TokenSettings
from api.wiring import ProcessSettings
from domain.people import Role
from tests.api.doors import Door, Somebody, replica
from tests.api.world import World

ME = "/api/v1/me"


async def refreshed(door: Door, tokens: dict[str, str], *, url: str | None = None):
    there = dataclasses.replace(door, url=url or door.url)
    return await there.post_json("/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]})


async def test_a_refresh_gives_the_next_pair_of_the_same_session(door: Door):
    one = await door.somebody()
    tokens = await door.tokens(one)
    door.clock.advance(minutes=5)
    assert (await door.get(ME, tokens["access_token"])).status_code == 401
    answer = await refreshed(door, tokens)
    assert answer.status_code == 200, answer.text
    assert answer.json()["refresh_token"] != tokens["refresh_token"]
    found = (await door.get("/api/v1/auth/sessions", answer.json()["access_token"])).json()
    assert [(session["current"], session["method"]) for session in found] == [(True, "password")]
    assert found[0]["last_seen_at"] > found[0]["created_at"]


async def test_a_copied_refresh_token_ends_the_session_for_both(door: Door):
    one = await door.somebody()
    tokens = await door.tokens(one)
    thiefs = (await refreshed(door, tokens)).json()
    door.clock.advance(seconds=11)
    assert (await door.get(ME, thiefs["access_token"])).status_code == 200
    owners = await refreshed(door, tokens)
    assert (owners.status_code, owners.json()["details"]) == (401, {"reused": True})
    assert (await door.get(ME, thiefs["access_token"])).status_code == 401
    assert (await refreshed(door, thiefs)).status_code == 401
    assert (await door.get(ME, tokens["access_token"])).status_code == 401


async def test_two_replicas_that_get_one_refresh_token_at_once_give_one_pair(door: Door, settings: ProcessSettings):
    one = await door.somebody()
    tokens = await door.tokens(one)
    async with replica(door, settings) as other:
        for _ in range(5):
            answers = await asyncio.gather(refreshed(door, tokens), refreshed(door, tokens, url=other))
            assert sorted(answer.status_code for answer in answers) == [200, 409]
            tokens = next(answer.json() for answer in answers if answer.status_code == 200)
            loser = next(answer.json() for answer in answers if answer.status_code == 409)
            assert loser["code"] == "conflict"
    assert (await door.get(ME, tokens["access_token"])).status_code == 200


async def test_a_session_ends_at_its_end_and_when_it_is_not_used(door: Door):
    one = await door.somebody()
    unused = await door.tokens(one)
    tokens = await door.tokens(one)
    for _ in range(3):
        door.clock.advance(days=9)
        answer = await refreshed(door, tokens)
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
    assert (await refreshed(door, unused)).status_code == 401
    door.clock.advance(days=3, seconds=-100)
    last = (await refreshed(door, tokens)).json()
    assert last["expires_in"] == 100
    door.clock.advance(seconds=100)
    assert (await refreshed(door, last)).status_code == 401
    assert (await door.get(ME, last["access_token"])).status_code == 401


async def test_what_is_ended_opens_nothing_at_once(door: Door):
    one = await door.somebody()
    first, second, third = [await door.tokens(one) for _ in range(3)]
    token = first["access_token"]
    others = [s["id"] for s in (await door.get("/api/v1/auth/sessions", token)).json() if not s["current"]]
    async with door.client(token) as client:
        assert (await client.delete(f"/api/v1/auth/sessions/{others[0]}")).status_code == 204
        assert (await client.delete(f"/api/v1/auth/sessions/{others[0]}")).status_code == 204
        assert sorted([(await door.get(ME, each["access_token"])).status_code for each in (second, third)]) == [
            200,
            401,
        ]
        assert (await client.delete("/api/v1/auth/sessions")).json() == {"sessions": 1}
        assert [s["current"] for s in (await client.get("/api/v1/auth/sessions")).json()] == [True]
        assert (await client.post("/api/v1/auth/logout")).status_code == 204
        assert (await client.get(ME)).status_code == 401
    assert (await refreshed(door, first)).status_code == 401


async def test_nobody_ends_the_session_of_another_but_an_operator_may(door: Door, world: World):
    one, other = await door.somebody(), await door.somebody()
    mine, theirs = await door.tokens(one), await door.tokens(other)
    person = (await door.get(ME, theirs["access_token"])).json()["id"]
    (session,) = (await door.get("/api/v1/auth/sessions", theirs["access_token"])).json()
    path = f"/api/v1/people/{person}/sessions"
    async with door.client(mine["access_token"]) as client:
        assert (await client.delete(f"/api/v1/auth/sessions/{session['id']}")).status_code == 404
        assert (await client.get(path)).status_code == 403
        assert (await client.delete(path)).status_code == 403
        assert (await client.delete(f"{path}/{session['id']}")).status_code == 403
    async with door.client(await world.key(Role.OPERATOR)) as client:
        assert [found["id"] for found in (await client.get(path)).json()] == [session["id"]]
        assert (await client.delete(f"{path}/{session['id']}")).status_code == 204
        assert (await client.delete(path)).json() == {"sessions": 0}
        assert (await client.get("/api/v1/people/per_nobody/sessions")).status_code == 404
    assert (await door.get(ME, theirs["access_token"])).status_code == 401
    assert (await door.get(ME, mine["access_token"])).status_code == 200


async def test_a_key_is_no_session_to_end(door: Door, world: World):
    async with door.client(await world.key(Role.VIEWER)) as client:
        assert (await client.get(ME)).status_code == 200
        refused = await client.post("/api/v1/auth/logout")
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


# Forgeries


def pieces(token: str) -> tuple[dict[str, object], dict[str, object]]:
    header, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims))  # type: ignore[return-value]


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def forgeries(token: str, seed: str) -> dict[str, str]:
    """By what they try. The first ones are signed with our own key: it is what they say that must not be believed."""
    ours = keys.private(seed)
    strange = Ed25519PrivateKey.generate()
    header, claims = pieces(token)
    body, signature = token.rsplit(".", 1)
    somebody = "per_" + "0" * 32
    public = ours.public_key().public_bytes_raw()

    def signed(changes: dict[str, object], private: Ed25519PrivateKey = ours, **headers: object) -> str:
        kept = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(kept, private, "EdDSA", headers={**header, **headers})

    confused = f"{encoded(header | {'alg': 'HS256'})}.{encoded(claims)}"
    mac = base64.urlsafe_b64encode(hmac.new(public, confused.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded("x")}
    return {
        "another issuer": signed({"iss": "https://evil.example.com"}),
        "another audience": signed({"aud": "somebody-else"}),
        "several audiences": signed({"aud": ["somebody-else"]}),
        "no end": signed({"exp": None}),
        "no beginning": signed({"iat": None}),
        "an end that is no number": signed({"exp": "never"}),
        "from the future": signed({"iat": 9_999_999_000, "exp": 9_999_999_999}),
        "another session": signed({"sid": "ses_" + "0" * 32}),
        "another kind": signed({}, typ="ccb-challenge+jwt"),
        "an untyped one": signed({}, typ="JWT"),
        "a key in the header": signed({}, strange, jwk=jwk),
        "an address of a key": signed({}, strange, jku="https://evil.example.com/keys"),
        "an extension": signed({}, crit=["b64"], b64=False),
        "an unknown key's name": signed({}, strange, kid="unknown"),
        "a path as a key's name": signed({}, strange, kid="../../../../dev/null"),
        "another key": signed({}, strange),
        "no signature": f"{encoded(header | {'alg': 'none'})}.{encoded(claims)}.",
        "none with a signature": f"{encoded(header | {'alg': 'NoNe'})}.{encoded(claims)}.{signature}",
        "the public key as a secret": f"{confused}.{mac}",
        "other claims under the signature": f"{encoded(header)}.{encoded(claims | {'sub': somebody})}.{signature}",
        "half a signature": f"{body}.{signature[:40]}",
        "an empty signature": f"{body}.",
        "no JSON": "a.b.c",
        "a list for a header": f"{encoded([])}.{encoded(claims)}.{signature}",
        "a number for a key's name": f"{encoded(header | {'kid': 1})}.{encoded(claims)}.{signature}",
        "a list for a key's name": f"{encoded(header | {'kid': []})}.{encoded(claims)}.{signature}",
        "claims that are a list": f"{encoded(header)}.{encoded([])}.{signature}",
        "a very long one": signed({"padding": "x" * 4000}),
    }


async def test_no_forged_token_opens_anything(door: Door, settings: ProcessSettings):
    one = await door.somebody()
    token = (await door.tokens(one))["access_token"]
    seed = settings.door.tokens.seeds()[0]
    wrong = {}
    for what, forged in forgeries(token, seed).items():
        answer = await door.get(ME, forged)
        if (answer.status_code, answer.json()["code"]) != (401, "unauthenticated"):
            wrong[what] = answer.text
    assert wrong == {}
    assert (await door.get(ME, token)).status_code == 200


async def test_a_forged_refresh_token_is_only_unknown(door: Door):
    one = await door.somebody()
    tokens = await door.tokens(one)
    for forged in (tokens["refresh_token"][:-1], tokens["access_token"][:150], "\u2028\U0001f600", "\x00"):
        answer = await refreshed(door, {"refresh_token": forged})
        assert answer.status_code == 401
    assert (await refreshed(door, {"refresh_token": "x" * 300})).status_code == 422
    assert (await refreshed(door, tokens)).status_code == 200


# Keys


def keyed(settings: ProcessSettings, keys: SecretStr) -> TokenSettings:
    return settings.door.tokens.model_copy(update={"keys": keys})


def fresh_seed() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


async def test_keys_are_replaced_without_logging_anybody_out(door: Door, settings: ProcessSettings):
    one = await door.somebody()
    former = settings.door.tokens.seeds()[0]
    fresh = fresh_seed()
    before = (await door.tokens(one))["access_token"]
    kid = pieces(before)[0]["kid"]
    async with replica(door, settings, tokens=keyed(settings, SecretStr(f"{fresh}, {former}"))) as url:
        there = dataclasses.replace(door, url=url)
        assert (await there.get(ME, before)).status_code == 200
        after = (await there.tokens(one))["access_token"]
        assert pieces(after)[0]["kid"] != kid
        assert (await there.get(ME, after)).status_code == 200
    assert (await door.get(ME, after)).status_code == 401
    async with replica(door, settings, tokens=keyed(settings, SecretStr(fresh))) as url:
        there = dataclasses.replace(door, url=url)
        assert (await there.get(ME, before)).status_code == 401
        assert (await there.get(ME, after)).status_code == 200


@pytest.mark.parametrize("keys_", ["", "short", "a, b", f"{'A' * 43}=,x"], ids=["none", "short", "two", "one-bad"])
def test_keys_that_cannot_be_used_are_refused_at_the_start(keys_: str):
    with pytest.raises(ValueError, match=r"TOKENS_KEYS|at least 1") as refused:
        TokenSettings(keys=SecretStr(keys_))
    assert not keys_ or keys_ not in str(refused.value)


def test_without_keys_nothing_starts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CCB_TOKENS_KEYS", raising=False)
    with pytest.raises(ValueError, match="keys"):
        TokenSettings()


async def test_sessions_are_told_apart_by_where_they_came_from(door: Door):
    one: Somebody = await door.somebody()
    async with door.client(ip="127.0.0.9") as client:
        body = {"email": one.email, "password": one.password}
        agent = {"User-Agent": "a phone " + "x" * 500}
        answer = await client.post("/api/v1/auth/login", json=body, headers=agent)
    found = (await door.get("/api/v1/auth/sessions", answer.json()["tokens"]["access_token"])).json()
    assert (found[0]["ip"], found[0]["user_agent"][:9], len(found[0]["user_agent"])) == ("127.0.0.9", "a phone x", 300)
