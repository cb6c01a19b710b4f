"""Slack's errors in our words.

Source: https://docs.slack.dev/reference/methods (each method's table of errors) and /apis/web-api/rate-limits
"""

import http.client
import socket
import ssl
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager

from slack_sdk.errors import SlackApiError, SlackClientError

from domain.errors import (
    VendorError,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)

_AUTHENTICATION = "Set CCB_SLACK_TOKEN to a valid bot token of the app (it begins with xoxb-)."
_MEMBERSHIP = "Set CCB_SLACK_CHANNEL to a channel that exists, and invite the bot to it."
_ADVICE = {
    "not_authed": _AUTHENTICATION,
    "invalid_auth": _AUTHENTICATION,
    "account_inactive": _AUTHENTICATION,
    "token_revoked": _AUTHENTICATION,
    "token_expired": _AUTHENTICATION,
    "missing_scope": "Give the app the scopes that deploy/slack/manifest.yaml names, and install it again.",
    "expired_trigger_id": "The form could not be opened in time, within three seconds.",
    "channel_not_found": _MEMBERSHIP,
    "not_in_channel": _MEMBERSHIP,
    "is_archived": _MEMBERSHIP,
    "message_not_found": "The message was deleted.",
    "cant_update_message": "Only the bot that posted a message can change it: the token belongs to another app.",
    "cant_delete_message": "Only the bot that posted a message can delete it: the token belongs to another app.",
}
_BUSY = {"service_unavailable", "internal_error", "fatal_error", "request_timeout", "team_added_to_org"}
_NOT_SENT = (ConnectionRefusedError, socket.gaierror, TimeoutError, ssl.SSLCertVerificationError)


@contextmanager
def translated(*, writes: bool) -> Iterator[None]:
    """Translate what the SDK raises. `writes`: a call that fails on Slack's side may have been carried out."""
    try:
        yield
    except SlackApiError as error:
        raise _refused(error, writes=writes) from error
    except urllib.error.URLError as error:
        # The SDK's HTTP client wraps what happens while connecting and sending; a refused connection sent nothing.
        if isinstance(error.reason, _NOT_SENT):
            raise VendorUnavailable(
                f"Slack cannot be reached ({error.reason}). Check CCB_SLACK_BASE_URL and the network.", vendor="slack"
            ) from error
        raise _lost(error) from error
    except (OSError, http.client.HTTPException, SlackClientError) as error:
        raise _lost(error) from error


def code(error: SlackApiError) -> str:
    """Slack's name for the error; empty if it sent none."""
    data = error.response.data
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def _refused(error: SlackApiError, *, writes: bool) -> VendorError:
    status = int(error.response.status_code)
    name = code(error)
    if status == http.HTTPStatus.TOO_MANY_REQUESTS or name in {"ratelimited", "rate_limited"}:
        return VendorRateLimited(
            "Slack asks us to wait.", retry_after=_retry_after(error), vendor="slack", status=status
        )
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or name in _BUSY:
        kind = VendorOutcomeUnknown if writes else VendorUnavailable
        return kind(f"Slack failed on its side (HTTP {status}).", vendor="slack", status=status)
    advice = _ADVICE.get(name, "Slack refused the call.")
    return VendorRejected(f"{advice} (Slack said: {name[:200] or status}.)", vendor="slack", error=name[:200])


def _retry_after(error: SlackApiError) -> float | None:
    headers = {str(name).lower(): value for name, value in error.response.headers.items()}
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None


def _lost(error: Exception) -> VendorOutcomeUnknown:
    return VendorOutcomeUnknown(
        f"The connection to Slack was lost before it answered ({type(error).__name__}).", vendor="slack"
    )
