"""One-time codes: TOTP (RFC 6238) by pyotp, and recovery codes."""

import secrets
from datetime import datetime, timedelta

import pyotp
from pydantic import SecretStr

from domain.accounts import RECOVERY_CODES

STEP = 30
"""Seconds of one code."""

WINDOW = 1
"""Steps that a phone's clock may be off, each way (RFC 6238 §5.2 advises one)."""

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4


def fresh_secret() -> SecretStr:
    return SecretStr(pyotp.random_base32())


def otpauth(secret: SecretStr, *, account: str, issuer: str) -> str:
    """The address that authenticator apps read from a QR code."""
    return pyotp.TOTP(secret.get_secret_value()).provisioning_uri(name=account, issuer_name=issuer)


def accepted_step(secret: SecretStr, code: str, now: datetime) -> int | None:
    """The time step that `code` is of, or None. Whether that step was used before is its keeper's to say."""
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    totp = pyotp.TOTP(secret.get_secret_value())
    found = None
    for offset in range(-WINDOW, WINDOW + 1):
        at = now + timedelta(seconds=STEP * offset)
        # All are compared, in constant time each: which one fits is not told by how long it takes.
        if secrets.compare_digest(totp.at(at), code):
            found = int(at.timestamp()) // STEP
    return found


def fresh_codes() -> list[str]:
    """Recovery codes of 80 random bits each: nothing slower than SHA-256 is needed to keep them."""

    def one() -> str:
        return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))

    return [one() for _ in range(RECOVERY_CODES)]


def normalised(code: str) -> str:
    """A recovery code as it is kept, however it was typed."""
    return code.strip().lower().replace(" ", "").replace("-", "")
