"""GitHub's errors in our words.

Source: https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api and /rate-limits-for-the-rest-api
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from github import GithubException, RateLimitExceededException
from urllib3.exceptions import NewConnectionError

from domain.errors import (
    VendorError,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)

# "If you hit a secondary limit and no header says how long, wait for at least one minute."
_SECONDARY_WAIT = 60.0
_ADVICE = {
    401: " Set CCB_GITHUB_TOKEN, or the App's id, key and installation, to credentials that are valid.",
    403: " The token or App needs write access to contents, issues and pull requests of this repository.",
    404: " It does not exist, or the token or App may not see it.",
}


@contextmanager
def translated(*, writes: bool) -> Iterator[None]:
    """Translate what PyGithub raises. `writes`: work that failed may have been done, wholly or in part."""
    try:
        yield
    except GithubException as error:
        raise _answered(error, writes=writes) from error
    except requests.RequestException as error:
        raise _unanswered(error, writes=writes) from error


def message_of(error: GithubException) -> str:
    """GitHub's sentence, with those of its list of errors."""
    data = error.data if isinstance(error.data, dict) else {}
    sentences = [str(data.get("message") or error.message or f"status {error.status}")]
    errors = data.get("errors")
    for each in errors if isinstance(errors, list) else []:
        if isinstance(each, dict):
            place = " ".join(str(each[part]) for part in ("resource", "field", "code") if each.get(part))
            sentences.append(str(each.get("message") or place))
        else:
            sentences.append(str(each))
    return "; ".join(sentence.rstrip(".") for sentence in sentences if sentence)[:1000]


def _answered(error: GithubException, *, writes: bool) -> VendorError:
    message = message_of(error)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    limited = isinstance(error, RateLimitExceededException) or error.status == 429
    if limited or (error.status == 403 and ("retry-after" in headers or headers.get("x-ratelimit-remaining") == "0")):
        wait = _wait(headers)
        return VendorRateLimited(
            f"GitHub asks us to wait {wait:.0f} s: {message}.", retry_after=wait, vendor="github", status=error.status
        )
    if error.status >= 500:
        kind = VendorOutcomeUnknown if writes else VendorUnavailable
        return kind(f"GitHub failed with {error.status}: {message}.", vendor="github", status=error.status)
    advice = _ADVICE.get(error.status, "")
    return VendorRejected(f"GitHub refused: {message}.{advice}", vendor="github", status=error.status)


def _wait(headers: dict[str, str]) -> float:
    """Seconds that GitHub asks us to wait."""
    if headers.get("retry-after", "").isdigit():
        return float(headers["retry-after"])
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdigit():
        return max(float(headers["x-ratelimit-reset"]) - time.time(), 1.0)
    return _SECONDARY_WAIT


def _unanswered(error: requests.RequestException, *, writes: bool) -> VendorError:
    # A connection that was never made carried nothing.
    reason = getattr(error.args[0], "reason", None) if error.args else None
    unsent = isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
    if unsent or not writes:
        return VendorUnavailable(
            f"GitHub does not answer ({type(error).__name__}). Check CCB_GITHUB_BASE_URL and the network.",
            vendor="github",
        )
    return VendorOutcomeUnknown(
        f"The connection to GitHub was lost ({type(error).__name__}); what was asked may have been done.",
        vendor="github",
    )
