"""What a deployment's requests were like: counts and latencies by the second, in memory, for an hour.

A second with requests costs about 950 bytes, whatever their number, and one without costs nothing: at most 3.4 MB.
"""

import math
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import accumulate

from domain.vendors import Traffic

KEPT_SECONDS = 3600
# From 0.1 ms to ten minutes; bins grow by a tenth, so that the middle of one is within 5 % of all that is in it.
_SHORTEST_MS = 0.1
_GROWTH = 1.1
_BINS = 164

Clock = Callable[[], float]


class Timing:
    """One request, from now on. It has failed until it is answered."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self.milliseconds: float | None = None
        self.failed = True

    def answered(self, status: int) -> None:
        """Its answer begins; how long a client takes to read it is not the integration's doing."""
        self.milliseconds = (self._clock() - self._began) * 1000
        self.failed = status >= 500

    def broke_off(self) -> None:
        self.failed = True


class _Second:
    """The requests that ended in one second."""

    __slots__ = ("bins", "errors", "number", "requests")

    def __init__(self, number: int) -> None:
        self.number = number
        self.requests = 0
        self.errors = 0
        self.bins = array("I", bytes(4 * _BINS))

    def add(self, timing: Timing) -> None:
        self.requests += 1
        self.errors += timing.failed
        if timing.milliseconds is not None:
            self.bins[_bin(timing.milliseconds)] += 1


class Figures:
    """One deployment's, complete from `since` on. `clock` is in seconds, and never goes back."""

    def __init__(self, *, since: float, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._since = since
        self._seconds: deque[_Second] = deque()
        self._last: datetime | None = None

    @contextmanager
    def request(self, *, counted: bool = True) -> Iterator[Timing]:
        """Count one request, when it has ended; or only time it."""
        timing = Timing(self._clock)
        if not counted:
            yield timing
            return
        self._last = datetime.now(UTC)
        try:
            yield timing
        finally:
            self._now().add(timing)

    def over(self, seconds: float) -> Traffic:
        """The last `seconds`, the one that they begin in included, or as many as are known.

        Latencies are those of requests that were answered, and within 5 % of what they were.
        """
        now = self._clock()
        seconds = min(seconds, now - self._since, KEPT_SECONDS)
        found = [second for second in self._seconds if second.number >= int(now - seconds)]
        bins = [sum(counts) for counts in zip(*(second.bins for second in found), strict=True)]
        return Traffic(
            seconds=seconds,
            requests=sum(second.requests for second in found),
            errors=sum(second.errors for second in found),
            p50_ms=_percentile(bins, 50),
            p95_ms=_percentile(bins, 95),
            p99_ms=_percentile(bins, 99),
            last_request_at=self._last,
        )

    def _now(self) -> _Second:
        number = int(self._clock())
        while self._seconds and self._seconds[0].number <= number - KEPT_SECONDS:
            self._seconds.popleft()
        if not self._seconds or self._seconds[-1].number != number:
            self._seconds.append(_Second(number))
        return self._seconds[-1]


def _bin(milliseconds: float) -> int:
    steps = math.log(max(milliseconds, _SHORTEST_MS) / _SHORTEST_MS, _GROWTH)
    return min(int(steps), _BINS - 1)


def _percentile(bins: list[int], percent: int) -> float | None:
    """By nearest rank: the middle of the bin that the request of that rank is in."""
    rank = math.ceil(sum(bins) * percent / 100)
    if not rank:
        return None
    reached = next(number for number, count in enumerate(accumulate(bins)) if count >= rank)
    return float(_SHORTEST_MS * _GROWTH ** (reached + 0.5))
