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
    rounded: bool = False
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.limit
        self._at = self.clock()

    def wait(self, amount: int) -> float:
        """Seconds until `amount` is there; 0.0 if it is."""
        now = self.clock()
        self._left = min(self.limit, self._left + (now - self._at) * self.limit / 60)
        self._at = now
        return max(0.0, (min(amount, self.limit) - self._left) * 60 / self.limit)

    def use(self, amount: int) -> None:
        """What is generated beyond the limit is owed."""
        self._left -= amount

    def take(self, amount: int) -> float:
        """Take; 0.0, or the seconds to wait."""
        wait = self.wait(amount)
        if wait == 0:
            self.use(min(amount, self.limit))
        return wait

    def headers(self, name: str) -> dict[str, str]:
        """`reset` is when the limit is whole again. Tokens are rounded to thousands, as documented."""
        self.wait(0)
        full = datetime.now(UTC) + timedelta(seconds=math.ceil((self.limit - self._left) * 60 / self.limit))
        left = max(0, int(self._left))
        prefix = f"anthropic-ratelimit-{name}"
        return {
            f"{prefix}-limit": str(self.limit),
            f"{prefix}-remaining": str(round(left, -3) if self.rounded else left),
            f"{prefix}-reset": full.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    @property
    def share(self) -> float:
        return self._left / self.limit


class Limits:
    """Requests, input and output tokens a minute, which `config` may lower. What is read from the cache is not counted.

    `requests_per_minute`, `input_tokens_per_minute`, `output_tokens_per_minute`.
    """

    def __init__(self, config: Mapping[str, object]) -> None:
        self._requests = Bucket(int(str(config.get("requests_per_minute", 4000))))
        self._input = Bucket(int(str(config.get("input_tokens_per_minute", 40_000_000))), rounded=True)
        self._output = Bucket(int(str(config.get("output_tokens_per_minute", 8_000_000))), rounded=True)

    def admit(self, input_tokens: int) -> None:
        """Raises a rate_limit_error if the request is not let in. Output counts as it is generated, not beforehand."""
        for bucket, amount, what in (
            (self._output, 1, "output tokens"),
            (self._requests, 1, "requests"),
            (self._input, input_tokens, "input tokens"),
        ):
            wait = bucket.wait(amount)
            if wait > 0:
                raise ApiError(
                    "rate_limit_error",
                    f"This request would exceed your organization's rate limit of {bucket.limit} {what} per minute.",
                    retry_after=math.ceil(wait),
                )
        self._requests.take(1)
        self._input.take(input_tokens)

    def generated(self, output_tokens: int) -> None:
        self._output.use(output_tokens)

    def headers(self) -> dict[str, str]:
        """What every answer says; `tokens` is the limit that is nearest."""
        nearest = min(self._input, self._output, key=lambda bucket: bucket.share)
        return {
            **self._requests.headers("requests"),
            **nearest.headers("tokens"),
            **self._input.headers("input-tokens"),
            **self._output.headers("output-tokens"),
        }
