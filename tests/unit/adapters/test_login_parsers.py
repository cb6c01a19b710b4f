"""What strangers send while logging in is read, or refused in our words; it never breaks anything."""

import base64
import json
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapters.oidc.idtoken import UnknownKey, subject_of
from adapters.oidc.wire import KeySet
from adapters.passkeys import WebAuthn
from api.pages import own_path
from domain.errors import CcbError, InvalidInput, Unauthenticated
from domain.federation import Passkey

ORIGIN = "https://ccb.example"
KEY = RSAKey.generate_key(2048, {"kid": "k"})
KEYS = KeySet.model_validate({"keys": [KEY.as_dict(private=False)]})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "azp", "at_hash", "amr", "auth_time"])
PASSKEY = Passkey.model_validate(
    {
        "id": f"pky_{'0' * 32}",
        "person_id": f"per_{'0' * 32}",
        "name": "phone",
        "credential_id": "AAAA",
        "public_key": "AAAA",
        "sign_count": 0,
        "backed_up": False,
        "created_at": "2026-11-23T00:00:00Z",
    }
)


def read(token: str, keys: KeySet = KEYS) -> str:
    return subject_of(
        token, keys, issuer=ORIGIN, client_id="us", nonce="n", access_token="a", algorithms=("RS256", "HS256", "none")
    )


def test_a_good_token_is_believed() -> None:
    claims = {"iss": ORIGIN, "aud": ["us"], "sub": "ada", "exp": 4_000_000_000, "iat": 1, "nonce": "n"}
    assert read(jwt.encode({"alg": "RS256", "kid": "k"}, claims, KEY)) == "ada"
    with pytest.raises(UnknownKey):
        read(jwt.encode({"alg": "RS256", "kid": "other"}, claims, KEY))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.hex() + ".." + raw.hex()))
def test_no_token_breaks_it(token: str) -> None:
    with pytest.raises((Unauthenticated, UnknownKey)):
        read(token)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=8))
@example({"iss": ORIGIN, "aud": ["us"], "sub": "", "exp": 4_000_000_000, "iat": 1, "nonce": "n"})
@example({"iss": ORIGIN, "aud": ["us"], "sub": ["ada"], "exp": 4_000_000_000, "iat": 1, "nonce": "n"})
@example({"iss": ORIGIN, "aud": ["us"], "sub": "ada", "exp": float("nan"), "iat": 1, "nonce": "n"})
@example({"iss": ORIGIN, "aud": ["us"], "sub": "ada", "exp": 4_000_000_000, "iat": 1, "nonce": "n", "at_hash": 1})
def test_no_claims_break_it(claims: dict[str, object]) -> None:
    """Signed by the provider itself: it may be wrong as well."""
    with pytest.raises(Unauthenticated):
        read(jwt.encode({"alg": "RS256", "kid": "k"}, claims, KEY))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4), max_size=3))
@example([{"kty": "RSA", "n": "AA", "e": "AQAB", "kid": "k"}])
@example([{"kty": "oct", "k": "AAAA", "kid": "k"}])
def test_no_set_of_keys_breaks_it(keys: list[dict[str, str]]) -> None:
    token = jwt.encode({"alg": "RS256", "kid": "k"}, {"sub": "ada"}, KEY)
    with pytest.raises((Unauthenticated, UnknownKey)):
        read(token, KeySet.model_validate({"keys": keys}))


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode() or "AA"


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=300),
    st.binary(max_size=100),
    st.dictionaries(st.sampled_from(["type", "challenge", "origin", "tokenBinding", "crossOrigin"]), JSON, max_size=5),
    st.booleans(),
)
def test_no_credential_breaks_the_ceremonies(data: bytes, raw: bytes, client: dict[str, object], whole: bool) -> None:
    challenge = b"challenge"
    good = {"type": "webauthn.get", "challenge": encoded(challenge), "origin": ORIGIN}
    client_data = encoded(json.dumps({**client, **(good if whole else {})}).encode())
    used = {"clientDataJSON": client_data, "authenticatorData": encoded(data), "signature": encoded(raw)}
    made = {"clientDataJSON": client_data, "attestationObject": encoded(data)}
    ceremonies = WebAuthn(ORIGIN)
    credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key"}
    assert ceremonies.challenge_of({"response": {"clientDataJSON": client_data}}) is None or whole or client
    with pytest.raises(Unauthenticated):
        ceremonies.asserted({**credential, "response": used}, challenge=challenge, passkey=PASSKEY)
    with pytest.raises(CcbError) as refused:
        ceremonies.registered({**credential, "response": made}, challenge=challenge)
    assert isinstance(refused.value, InvalidInput)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.text("/\\.:@?#[]%\t\r\n a", max_size=12).map(lambda rest: f"/{rest}"))
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
def test_a_path_that_is_taken_stays_here(text: str) -> None:
    try:
        path = own_path(text)
    except InvalidInput:
        return
    assert urlsplit(urljoin(f"{ORIGIN}/x", path))[:2] == ("https", "ccb.example")
    assert not set(path) & set("\\\t\r\n ")
