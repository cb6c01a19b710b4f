"""What the Messages API says of its rate limits.

Source: https://platform.claude.com/docs/en/api/rate-limits (response headers). `…-reset` is an RFC 3339 moment at which
the limit is whole again; `…-remaining` of tokens is rounded to thousands.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

_KINDS = ("requests", "tokens", "input-tokens", "output-tokens")


def exhausted_until(headers: Mapping[str, str]) -> datetime | None:
    """When the last of those limits is whole again of which nothing is left; None if there is some of each."""
    resets = [
        reset
        for kind in _KINDS
        if headers.get(f"anthropic-ratelimit-{kind}-remaining", "").strip() == "0"
        and (reset := _moment(headers.get(f"anthropic-ratelimit-{kind}-reset", ""))) is not None
    ]
    return max(resets, default=None)


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """How long a refused request has to wait: `Retry-After`, else until the limits are whole again."""
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:  # absent, or a date, which the API does not send
        until = exhausted_until(headers)
        return None if until is None else max(0.0, (until - datetime.now(UTC)).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
