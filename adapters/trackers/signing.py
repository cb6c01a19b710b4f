"""Signatures of deliveries, by HMAC-SHA256 (RFC 2104) over the raw body."""

import hashlib
import hmac
from collections.abc import Sequence

from pydantic import SecretStr


def signed(secrets: Sequence[SecretStr], body: bytes, given: str, *, prefix: str = "") -> bool:
    """Whether `given` is `prefix` and the signature in hex with one of `secrets`. All are tried, in constant time.

    An empty secret signs nothing: with it anybody could.
    """
    matches = [
        hmac.compare_digest(
            (prefix + hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()).encode(),
            given.encode(),
        )
        for secret in secrets
        if secret.get_secret_value()
    ]
    return any(matches)


def rotated(secret: SecretStr | None) -> tuple[SecretStr, ...]:
    """The secrets in a setting that may hold several, separated by commas, while one is being rotated out."""
    given = secret.get_secret_value() if secret else ""
    return tuple(SecretStr(one.strip()) for one in given.split(",") if one.strip())
