"""ID tokens: signed by a key of the issuer's set, for us, now, and for this very login.

OpenID Connect Core 1.0 §3.1.3.7. Signatures are joserfc's, claims Authlib's. Only signatures with a private key are
taken: `none`, and secrets shared with what everybody can read, are not on the list (RFC 8725 §3.1).
"""

from collections.abc import Iterable

from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # it ships no types
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet as JoseKeySet

from adapters.oidc.wire import KeySet
from domain.errors import Unauthenticated

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
LEEWAY = 60
"""Seconds that clocks may differ."""


class UnknownKey(Exception):
    """Signed with a key that is not in the set: it may have been added since."""


def subject_of(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    algorithms: Iterable[str],
) -> str:
    """Whom the token is about. Raises Unauthenticated, or UnknownKey."""
    allowed = sorted(ALGORITHMS & set(algorithms))
    try:
        read = jwt.decode(token, JoseKeySet.import_key_set({"keys": _signing(keys)}), algorithms=allowed)
        options = {
            "iss": {"essential": True, "value": issuer},
            "sub": {"essential": True},
            "aud": {"essential": True, "value": client_id},
            "exp": {"essential": True},
        }
        params = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
        claims = CodeIDToken(read.claims, read.header, options, params)
        claims.validate(leeway=LEEWAY)
    except InvalidKeyIdError as error:
        raise UnknownKey from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        # joserfc's ValueErrors are of what cannot be decoded; none of them holds the token.
        raise Unauthenticated(f"The provider's ID token is not good ({type(error).__name__}). Log in again.") from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise Unauthenticated("The provider's ID token names nobody. Log in again.")
    return subject


def _signing(keys: KeySet) -> list[dict[str, str | list[str]]]:
    """Public keys for signatures; a set may hold others, and kinds that are not known here (RFC 7517 §5)."""
    kinds = {"RSA", "EC", "OKP"}
    return [key for key in keys.keys if key.get("kty") in kinds and key.get("use", "sig") == "sig"]
