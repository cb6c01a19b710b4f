"""The OpenID provider: OpenID Connect Core 1.0 and Discovery 1.0, the authorization code flow with PKCE (RFC 7636).

It is stricter than most: a client is known by exact redirect URIs, must use S256, and a code works once. With the
answer comes `iss` (RFC 9207).
"""

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from simulators.oidc.consent import Clients, Consent, back, challenge_of
from simulators.oidc.keys import KeyRing
from simulators.oidc.store import TOKEN_SECONDS, Store

MISBEHAVIOURS = (
    *("wrong_iss", "wrong_aud", "many_audiences", "wrong_nonce", "no_nonce", "expired", "from_the_future"),
    *("alg_none", "public_key_as_secret", "unknown_key", "forged_key", "wrong_at_hash", "no_id_token"),
    *("wrong_subject", "other_issuer"),
)
"""What it does wrong once when told to; `wrong_subject` is of userinfo, `other_issuer` of discovery."""


class Provider:
    def __init__(self, store: Store, clients: Clients, keys: KeyRing) -> None:
        self._store = store
        self._clients = clients
        self._consent = Consent(store)
        self.keys = keys
        self.misbehaviours: list[str] = []

    async def discovery(self, request: Request) -> Response:
        issuer = issuer_of(request)
        return JSONResponse(
            {
                "issuer": f"{issuer}/other" if self._misbehaves("other_issuer") else issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "userinfo_endpoint": f"{issuer}/userinfo",
                "jwks_uri": f"{issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            },
            headers={"Cache-Control": "max-age=3600"},
        )

    async def jwks(self, _: Request) -> Response:
        return JSONResponse(self.keys.published())

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        redirects = self._clients.redirects(asked.get("client_id", ""))
        if redirects is None or asked.get("redirect_uri") not in redirects:
            return HTMLResponse(
                "<!doctype html><p>Unknown client or redirect URI.</p>", 400
            )  # never sent back: §3.1.2.6
        wrong = _wrong(asked)
        if wrong:
            return back(asked["redirect_uri"], {**wrong, "state": asked.get("state", ""), "iss": issuer_of(request)})
        asked.setdefault("state", "")
        return self._consent.page(asked, action=f"{issuer_of(request)}/consent", title="Sign in")

    async def consent(self, request: Request) -> Response:
        return self._consent.answered(request, more={"iss": issuer_of(request)})

    async def token(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode()))
        client_id, secret = _client(request, given)
        if not self._clients.knows(client_id, secret):
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
        if given.get("grant_type") != "authorization_code":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        code = self._store.take("code", given.get("code", ""))
        if (
            code is None
            or code["client_id"] != client_id
            or code["redirect_uri"] != given.get("redirect_uri")
            or code["code_challenge"] != challenge_of(given.get("code_verifier", ""))
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        access = self._store.keep("token", {"login": code["login"], "scope": code["scope"]}, TOKEN_SECONDS)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": code["scope"]}
        if not self._misbehaves("no_id_token"):
            answer["id_token"] = self._id_token(issuer_of(request), code, access)
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def userinfo(self, request: Request) -> Response:
        token = self._store.kept("token", request.headers.get("authorization", "").removeprefix("Bearer "))
        person = self._store.person(token["login"]) if token else None
        if token is None or person is None:
            return JSONResponse({"error": "invalid_token"}, 401, {"WWW-Authenticate": "Bearer"})
        claims = _claims(person, token["scope"])
        if self._misbehaves("wrong_subject"):
            claims["sub"] = "somebody-else"
        return JSONResponse(claims)

    def _id_token(self, issuer: str, code: dict[str, Any], access: str) -> str:
        person = self._store.person(code["login"])
        if person is None:
            raise LookupError(code["login"])
        now = int(time.time())
        claims = {"iss": issuer, "aud": code["client_id"], "iat": now, "exp": now + 600, **_claims(person, "openid")}
        claims["at_hash"] = _half_hash(access)
        if code.get("nonce"):
            claims["nonce"] = code["nonce"]
        changes: dict[str, dict[str, Any]] = {
            "wrong_iss": {"iss": "https://evil.example"},
            "wrong_aud": {"aud": "another-client"},
            "many_audiences": {"aud": [code["client_id"], "another-client"], "azp": "another-client"},
            "wrong_nonce": {"nonce": "of-another-login"},
            "expired": {"iat": now - 7200, "exp": now - 3600},
            "from_the_future": {"iat": now + 3600, "exp": now + 7200},
            "wrong_at_hash": {"at_hash": _half_hash("another-token")},
        }
        for name, change in changes.items():
            claims |= change if self._misbehaves(name) else {}
        if self._misbehaves("no_nonce"):
            del claims["nonce"]
        return self._sign(claims)

    def _sign(self, claims: dict[str, Any]) -> str:
        if self._misbehaves("alg_none"):
            return self.keys.unsigned(claims)
        if self._misbehaves("public_key_as_secret"):
            return self.keys.signed_with_public_key(claims)
        if self._misbehaves("unknown_key"):
            return self.keys.signed_by_stranger(claims)
        if self._misbehaves("forged_key"):
            return self.keys.signed_by_stranger(claims, kid=self.keys.published()["keys"][-1]["kid"])
        return self.keys.signed(claims)

    def _misbehaves(self, name: str) -> bool:
        if name in self.misbehaviours:
            self.misbehaviours.remove(name)
            return True
        return False


def issuer_of(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def _wrong(asked: dict[str, str]) -> dict[str, str]:
    if asked.get("response_type") != "code":
        return {"error": "unsupported_response_type"}
    if "openid" not in asked.get("scope", "").split():
        return {"error": "invalid_scope"}
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        return {"error": "invalid_request", "error_description": "code_challenge with S256 is required"}
    return {}


def _client(request: Request, given: dict[str, str]) -> tuple[str, str]:
    """By HTTP Basic, form-encoded as RFC 6749 §2.3.1 has it, or by the body."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
        return unquote(name), unquote(secret)
    return given.get("client_id", ""), given.get("client_secret", "")


def _claims(person: dict[str, Any], scope: str) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": f"sub-{person['number']}"}
    if "email" in scope.split() and person["email"]:
        claims |= {"email": person["email"], "email_verified": person["email_verified"]}
    if "profile" in scope.split():
        claims |= {"name": person["name"], "preferred_username": person["login"]}
    return claims


def _half_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
