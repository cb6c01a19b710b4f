"""What a client sends in the authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636), as Authlib writes it."""

from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]  # it ships no types
    prepare_grant_uri,
    prepare_token_request,
)
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]  # the same


def authorization_url(
    endpoint: str, *, client_id: str, redirect_uri: str, scope: str, state: str, verifier: str, nonce: str | None = None
) -> str:
    url: str = prepare_grant_uri(
        endpoint,
        client_id=client_id,
        response_type="code",
        redirect_uri=redirect_uri,
        scope=scope,
        state=state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    return url


def token_form(code: str, *, redirect_uri: str, verifier: str, client: tuple[str, str] | None = None) -> str:
    """The body; with the client's id and secret where they are not sent as HTTP Basic."""
    known = {"client_id": client[0], "client_secret": client[1]} if client else {}
    form: str = prepare_token_request(
        "authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=verifier, **known
    )
    return form
