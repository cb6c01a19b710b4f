"""Rate limits: token buckets per minute, and the headers that tell of them.

Source: https://platform.claude.com/docs/en/api/rate-limits
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from simulators.claude.errors import ApiError


@dataclass
class Bucket:
    limit: int
    clock: Callable[[], float] = time.monotonic
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.limit
        self._at = self.clock()

    def take(self, amount: int) -> float:
        """Take; 0.0, or the seconds to wait."""
        now = self.clock()
        self._left = min(self.limit, self._left + (now - self._at) * self.limit / 60)
        self._at = now
        if self._left < min(amount, self.limit):
            return (min(amount, self.limit) - self._left) * 60 / self.limit
        self._left = max(0.0, self._left - amount)
        return 0.0

    def headers(self, name: str) -> dict[str, str]:
        full = datetime.now(UTC) + timedelta(seconds=(self.limit - self._left) * 60 / self.limit)
        prefix = f"anthropic-ratelimit-{name}"
        return {
            f"{prefix}-limit": str(self.limit),
            f"{prefix}-remaining": str(int(self._left)),
            f"{prefix}-reset": full.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class Limits:
    """Requests and tokens a minute; `config` may lower them (`requests_per_minute`, `tokens_per_minute`)."""

    def __init__(self, config: Mapping[str, object]) -> None:
        self._requests = Bucket(int(str(config.get("requests_per_minute", 4000))))
        self._tokens = Bucket(int(str(config.get("tokens_per_minute", 40_000_000))))

    def admit(self, tokens: int) -> dict[str, str]:
        """The headers of an answer, if the request is let in; a rate_limit_error if it is not."""
        for bucket, amount, what in ((self._requests, 1, "requests"), (self._tokens, tokens, "tokens")):
            wait = bucket.take(amount)
            if wait > 0:
                raise ApiError(
                    "rate_limit_error",
                    f"This request would exceed your organization's rate limit of {bucket.limit} {what} per minute.",
                    retry_after=math.ceil(wait),
                )
        return {
            **self._requests.headers("requests"),
            **self._tokens.headers("tokens"),
            **self._tokens.headers("input-tokens"),
        }
