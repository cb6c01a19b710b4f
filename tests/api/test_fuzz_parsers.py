"""What strangers put into headers, tokens, cursors and bodies is read or refused: nothing of it breaks a request."""

import base64
import contextlib
import dataclasses
import ipaddress
import json
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.database import cursors
from adapters.temporal import EncryptionCodec, parse_keys
from api import etags
from api.app import create_app
from api.clients import host_of, neighbourhood, seen_through
from api.settings import EdgeSettings
from domain.errors import InvalidInput
from domain.people import Role
from tests.api.world import World

CODEC_TOKEN = "the address of a codec server"
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# What h11 lets through: visible, blank, tab, and the upper half of Latin-1 (RFC 9110 §5.5).
VALUES = st.lists(
    st.sampled_from([*'*"W/,=-;. :[]{}()', "bytes=", "1.2.3.4", "::1", "9" * 30, "0x", "\t", "é", "%00"])
    | st.characters(min_codepoint=33, max_codepoint=255, blacklist_characters="\x7f"),
    max_size=30,
).map(lambda parts: "".join(parts).strip().encode("latin-1", "ignore"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("If-Match", "If-None-Match", "If-Range", "Range", "Idempotency-Key", "Last-Event-ID", "Accept"),
            *("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "CCB-Organization", "CCB-Device", "Cookie"),
            *("Content-Type", "Origin", "traceparent", "tracestate", "baggage"),
        ]
    ),
    VALUES,
    max_size=5,
)
FIELDS = st.sampled_from(
    ["refresh_token", "device_code", "client_id", "grant_type", "credential", "challenge", "code", "token", "email"]
)


def in_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


DOORS = [
    "/api/v1/auth/refresh",
    "/api/v1/auth/device/token",
    "/api/v1/auth/passkeys/login",
    "/api/v1/auth/second-factor",
    "/api/v1/auth/verify",
]


@pytest.fixture(scope="module")
async def app(world: World) -> FastAPI:
    """The same services, behind a proxy that is believed, and with a codec server."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    services = dataclasses.replace(
        world.services,
        edge=EdgeSettings(trusted_proxies="127.0.0.0/8"),
        codec=EncryptionCodec(parse_keys(SecretStr(f"one:{key}"))),
        settings=world.services.settings.model_copy(update={"codec_token": SecretStr(CODEC_TOKEN)}),
    )
    return create_app(services)


@pytest.fixture(scope="module")
async def key(world: World) -> str:
    return await world.key(Role.VIEWER)


@contextlib.asynccontextmanager
async def asking(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """What the application raises comes out here."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        yield client


@QUICK
@given(HEADERS, st.text(max_size=40))
@example({"If-None-Match": b'W/"1", *'}, "")
@example({"Range": b"bytes=-0", "If-Range": b'"'}, "W10=")
async def test_any_headers_and_cursor_are_read_or_refused(
    app: FastAPI, key: str, headers: dict[str, bytes], cursor: str
) -> None:
    async with asking(app) as client:
        for path in (f"/api/v1/integrations?cursor={quote(cursor, errors='replace')}", "/api/v1/integrations/nobody"):
            answer = await client.get(path, headers={**headers, "Authorization": f"Bearer {key}".encode()})
            assert answer.status_code < 500, answer.text


@QUICK
@given(VALUES | st.tuples(VALUES, VALUES, VALUES).map(b".".join))
@example(b"..")
@example(b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJwZXJfMSJ9.")
async def test_no_made_up_credential_is_believed(app: FastAPI, value: bytes) -> None:
    async with asking(app) as client:
        answer = await client.get("/api/v1/me", headers={"Authorization": b"Bearer " + value})
    assert answer.status_code == 401, answer.text


@QUICK
@given(
    st.sampled_from(DOORS),
    st.binary(max_size=60) | st.dictionaries(FIELDS, JSON, max_size=4).map(lambda one: json.dumps(one).encode()),
    VALUES.filter(lambda value: 0 < len(value) <= 200),
)
async def test_no_made_up_body_opens_a_door(app: FastAPI, door: str, body: bytes, repeat: bytes) -> None:
    headers = {"Content-Type": b"application/json", "Idempotency-Key": repeat}
    async with asking(app) as client:
        answer = await client.post(door, content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text


@QUICK
@given(
    st.sampled_from([CODEC_TOKEN, "é", "x"]) | st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10),
    st.sampled_from(["decode", "encode"]),
    st.binary(max_size=60)
    | st.lists(
        st.fixed_dictionaries(
            {
                "metadata": st.dictionaries(
                    st.sampled_from(["encoding", "encryption-key-id", "x"]),
                    st.sampled_from([b"binary/encrypted", b"one", b"json/plain", b""]).map(in_base64),
                    max_size=3,
                ),
                "data": st.binary(max_size=40).map(in_base64),
            }
        ),
        max_size=3,
    ).map(lambda payloads: json.dumps({"payloads": payloads}).encode()),
)
@example("é", "decode", b"{}")
@example(CODEC_TOKEN, "decode", b"\x80")
@example(CODEC_TOKEN, "encode", b"[" * 100_000)
async def test_the_codec_server_takes_anything(app: FastAPI, token: str, direction: str, body: bytes) -> None:
    async with asking(app) as client:
        answer = await client.post(f"/temporal/codec/{quote(token)}/{direction}", content=body)
    assert answer.status_code < 500, answer.text
    if token != CODEC_TOKEN:
        assert answer.status_code == 404


@settings(max_examples=200, deadline=None)
@given(st.lists(VALUES, max_size=3), VALUES, st.sampled_from(["127.0.0.1", "203.0.113.9", "::1", "testclient"]))
def test_only_a_trusted_proxy_says_who_asks(chain: list[bytes], scheme: bytes, peer: str) -> None:
    headers = [(b"x-forwarded-for", one) for one in chain] + [(b"x-forwarded-proto", scheme)]
    scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": headers}
    seen = seen_through(scope, EdgeSettings(trusted_proxies="127.0.0.0/8").proxies)
    if peer != "127.0.0.1":
        assert seen == scope
    else:
        assert ipaddress.ip_address(host_of(seen))
        assert seen["scheme"] in {"http", "https"}
    assert neighbourhood(host_of(seen))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | JSON.map(lambda one: base64.urlsafe_b64encode(json.dumps(one).encode()).decode()))
def test_a_cursor_is_ours_or_refused(text: str) -> None:
    try:
        at, rest = cursors.opened(text, parts=1)
    except InvalidInput:
        return
    assert cursors.opened(cursors.closed(at, *rest), parts=1) == (at, rest)


@given(st.lists(st.text(max_size=30), min_size=2, max_size=2))
def test_a_cursor_of_ours_is_read_as_it_was_written(rest: list[str]) -> None:
    now = datetime.now(UTC)
    assert cursors.opened(cursors.closed(now, *rest), parts=2) == (now, rest)


@settings(max_examples=200, deadline=None)
@given(VALUES.map(lambda raw: raw.decode("latin-1")))
def test_a_tag_matches_only_if_it_is_named(value: str) -> None:
    named = {part.strip().removeprefix("W/") for part in value.split(",")}
    assert etags.has(value, '"17"') == ('"17"' in named or value.strip() == "*")
