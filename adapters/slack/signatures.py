"""Whether a request is Slack's: the signature over its raw body.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
from collections.abc import Sequence

from pydantic import SecretStr

from domain.errors import Unauthenticated

TOLERANCE_SECONDS = 300


def verify(secrets: Sequence[SecretStr], body: bytes, timestamp: str, signature: str, now: float) -> None:
    """Raise Unauthenticated unless the request was signed with one of `secrets` within five minutes of `now`.

    `timestamp` and `signature` are the headers X-Slack-Request-Timestamp and X-Slack-Signature, empty if missing; `now`
    is in seconds since the epoch. Several secrets let one be rotated.
    """
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise Unauthenticated("The request is not from Slack: it has no valid X-Slack-Request-Timestamp.")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise Unauthenticated("The request from Slack is too old or too new. Check this machine's clock.")
    message = b"v0:" + timestamp.encode() + b":" + body
    matches = [_matches(secret, message, signature) for secret in secrets]
    if not any(matches):
        raise Unauthenticated("The signature is not Slack's. Check CCB_SLACK_SIGNING_SECRET.")


def _matches(secret: SecretStr, message: bytes, signature: str) -> bool:
    key = secret.get_secret_value().encode()
    # An empty key would let anybody sign.
    expected = "v0=" + hmac.new(key, message, hashlib.sha256).hexdigest()
    return bool(key) and hmac.compare_digest(expected.encode(), signature.encode())
