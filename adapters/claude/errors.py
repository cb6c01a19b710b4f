"""Anthropic's errors in our words.

Source: https://platform.claude.com/docs/en/api/errors. What was refused before the answer began was not bought; once
it has begun, a lost stream may have been billed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import anthropic
import httpx2

from adapters.claude import limits
from domain.errors import (
    CcbError,
    VendorError,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)

# The connection was never made, so nothing was sent.
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
_ADVICE = {
    401: "CCB_CLAUDE_API_KEY was refused. Set it to a valid key of the Claude console.",
    402: "The account has no credit left. Add some in the Claude console.",
    403: "The key in CCB_CLAUDE_API_KEY may not do this. Use a key of a workspace with access to the model.",
    404: "The model or address is unknown there. Check CCB_CLAUDE_MODEL and CCB_CLAUDE_BASE_URL.",
    413: "The conversation is larger than Claude accepts. Ask for something smaller.",
}


@contextmanager
def before_the_answer() -> Iterator[None]:
    """Translate what is raised while a request is sent and until its answer begins."""
    try:
        yield
    except anthropic.APIStatusError as error:
        raise _from_status(error) from error
    except anthropic.APIConnectionError as error:
        raise _from_connection(error.__cause__ or error) from error
    except httpx2.TransportError as error:
        raise _from_connection(error) from error
    except anthropic.APIError as error:
        raise VendorOutcomeUnknown(f"Claude's answer could not be read: {error}.", vendor="claude") from error


@contextmanager
def within_the_answer() -> Iterator[None]:
    """Translate what is raised while an answer is being read: it may have been billed."""
    try:
        yield
    except anthropic.APIStatusError as error:
        raise _vendor(VendorOutcomeUnknown, f"Claude broke off its answer: {_said(error)}.", error) from error
    except (anthropic.APIError, httpx2.TransportError) as error:
        raise VendorOutcomeUnknown(
            f"The connection to Claude was lost in the middle of an answer ({_name(error)}).", vendor="claude"
        ) from error
    except TimeoutError as error:
        raise VendorOutcomeUnknown("Claude's answer took too long and was cut.", vendor="claude") from error
    except (ValueError, KeyError) as error:
        # An event that is no JSON, or that belongs to a block which never began.
        raise VendorOutcomeUnknown(
            "Claude's answer was not well-formed and cannot be used.", vendor="claude"
        ) from error


def _from_status(error: anthropic.APIStatusError) -> CcbError:
    status = error.status_code
    wait = limits.seconds_to_wait(error.response.headers)
    broken = status >= httpx2.codes.INTERNAL_SERVER_ERROR
    if status == httpx2.codes.TOO_MANY_REQUESTS or (broken and wait is not None):
        return _vendor(VendorRateLimited, f"Claude asks us to wait: {_said(error)}.", error, retry_after=wait)
    if status == httpx2.codes.GATEWAY_TIMEOUT:
        return _vendor(VendorOutcomeUnknown, f"Claude gave no answer in time: {_said(error)}.", error)
    if broken or status in {httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.CONFLICT}:
        return _vendor(VendorUnavailable, f"Claude is not available: {_said(error)}.", error)
    advice = _ADVICE.get(status, "Claude refused the request.")
    return _vendor(VendorRejected, f"{advice} (Claude said: {_said(error)}.)", error)


def _vendor(
    kind: type[VendorError], message: str, error: anthropic.APIStatusError, *, retry_after: float | None = None
) -> VendorError:
    return kind(
        message, retry_after=retry_after, vendor="claude", status=error.status_code, request_id=error.request_id
    )


def _from_connection(error: BaseException) -> CcbError:
    if isinstance(error, _NOT_SENT):
        return VendorUnavailable(
            f"Claude cannot be reached ({_name(error)}). Check CCB_CLAUDE_BASE_URL and the network.", vendor="claude"
        )
    return VendorOutcomeUnknown(
        f"The connection to Claude was lost before it answered ({_name(error)}).", vendor="claude"
    )


def _said(error: anthropic.APIStatusError) -> str:
    said = error.api_message or f"HTTP {error.status_code}"
    return (f"{error.type}: {said}" if error.type else said).rstrip(".")


def _name(error: BaseException) -> str:
    return type(error.__cause__ or error).__name__
