"""Signed tokens (JWT, RFC 7519), after the rules of RFC 8725: one algorithm, an explicit type, every claim checked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import SecretStr

from adapters.attestation import keys
from adapters.tokens.settings import TokenSettings
from domain.errors import Unauthenticated

ALGORITHM = "EdDSA"
MAX_LENGTH = 2048
LEEWAY = timedelta(seconds=5)
"""How far the clocks of two replicas may be apart."""

_HEADER = frozenset({"alg", "kid", "typ"})
_CLAIMS = ["iss", "aud", "sub", "iat", "exp"]


class Kind(StrEnum):
    """`typ` of a token (RFC 9068 §2.1 for the first): one kind is never taken for another."""

    ACCESS = "at+jwt"
    CHALLENGE = "ccb-challenge+jwt"


class Signer:
    """Signs with the first key, and accepts what any of them signed."""

    def __init__(self, settings: TokenSettings) -> None:
        pairs = [_pair(seed) for seed in settings.seeds()]
        self._kid, self._private = pairs[0][0], pairs[0][1]
        self._public: dict[str, Ed25519PublicKey] = {kid: private.public_key() for kid, private in pairs}
        self._issuer, self._audience = settings.issuer, settings.audience

    def sign(self, kind: Kind, subject: str, claims: Mapping[str, str], *, now: datetime, lasts: timedelta) -> str:
        payload = {
            **claims,
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "iat": int(now.timestamp()),
            "exp": int((now + lasts).timestamp()),
        }
        return jwt.encode(payload, self._private, ALGORITHM, headers={"typ": kind, "kid": self._kid})

    def read(self, kind: Kind, token: SecretStr, *, now: datetime) -> dict[str, str]:
        """The claims that are text. Raises Unauthenticated, and never says more than a caller needs."""
        text = token.get_secret_value()
        if len(text) > MAX_LENGTH:
            raise _refused()
        try:
            header = jwt.get_unverified_header(text)
            # Anything else in the header (`jwk`, `jku`, `x5u`, `crit`, …) could only ask us to trust another key.
            if set(header) != _HEADER or header["typ"] != kind or header["kid"] not in self._public:
                raise _refused()
            claims = jwt.decode(
                text,
                self._public[header["kid"]],
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                # The times are checked below, by the clock that is given.
                options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            begins, ends = float(claims["iat"]), float(claims["exp"])
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _refused() from error
        at = now.timestamp()
        if at >= ends:
            raise Unauthenticated(
                "This token is over: get the next one with the refresh token, or log in again.", expired=True
            )
        if begins > at + LEEWAY.total_seconds():
            raise _refused()
        return {name: value for name, value in claims.items() if isinstance(value, str)}


def _pair(seed: str) -> tuple[str, Ed25519PrivateKey]:
    private = keys.private(seed)
    return keys.key_id(private.public_key())[:16], private


def _refused() -> Unauthenticated:
    return Unauthenticated("This token is not one of ours, or was altered: log in again.")
