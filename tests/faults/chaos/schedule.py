"""What goes wrong, and when: drawn from a seed, so that the same seed gives the same schedule."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Final, TypeVar

PARTS: Final = (
    *("workers-1", "workers-2", "builders-1", "builders-2"),
    *("temporal", "postgres", "valkey", "s3", "api", "runner"),
)
"""What is killed. The simulators are the outside world: they fail in their own ways."""

KILL_EVERY: Final = 6.0
"""Seconds between two kills, on average; less where the time is short, so that each part has its turn."""

STRIKE_EVERY: Final = 3.0
"""Seconds between two faults of vendors, on average."""

QUIET: Final = 2.0
"""Seconds at the beginning without a fault: something must be under way to be disturbed."""

_REQUESTS: Final = (
    ("github", "GET", ""),
    ("github", "POST", r"/git/(commits|refs)$"),
    ("github", "POST", r"/pulls$"),
    ("github", "PUT", r"/merge$"),
    ("github", "PATCH", r"/pulls/\d+$"),
    ("github", "POST", r"/comments$"),
    ("github", "PATCH", r"/comments/\d+$"),
    ("github", "DELETE", r"/refs/"),
    ("slack", "POST", r"/chat\.postMessage$"),
    ("slack", "POST", r"/chat\.update$"),
    ("slack", "", r"/conversations\."),
    ("claude", "POST", r"/v1/messages$"),
    ("claude", "POST", r"/count_tokens$"),
    ("packages", "GET", ""),
    ("osv", "", ""),
)
_KINDS: Final = ("error", "latency", "drop", "lose_reply")
_STATUSES: Final = (429, 500, 502, 503)

T = TypeVar("T")


@dataclass(frozen=True)
class Fault:
    """At `at` seconds after the beginning, `kind` befalls `target`: a part that is killed, or a vendor's requests.

    `times`, `seconds` and `status` are as in the simulators' faults.
    """

    at: float
    kind: str
    target: str
    method: str = ""
    path: str = ""
    times: int = 1
    seconds: float = 0.0
    status: int = 503

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def drawn(seed: int, seconds: float, *, parts: Sequence[str] = PARTS) -> list[Fault]:
    """The schedule of `seconds`, in order of time. Each part is killed once before one is killed again."""
    random = Random(f"faults/{seed}")
    often = min(KILL_EVERY, seconds / (len(parts) + 2))
    kills = [
        Fault(at, "kill", part) for at, part in zip(_times(random, seconds, often), _turns(random, parts), strict=False)
    ]
    strikes = [
        _strike(random, at, *which)
        for at, which in zip(_times(random, seconds, STRIKE_EVERY), _turns(random, _REQUESTS), strict=False)
    ]
    return sorted([*kills, *strikes], key=lambda fault: fault.at)


def _strike(random: Random, at: float, vendor: str, method: str, path: str) -> Fault:
    kind = random.choice(_KINDS)
    return Fault(
        at=at,
        kind=kind,
        target=vendor,
        method=method,
        path=path,
        times=random.randint(1, 3) if kind == "error" else 1,
        seconds=round(random.uniform(0.5, 5), 2) if kind == "latency" else 0.0,
        status=random.choice(_STATUSES) if kind == "error" else 503,
    )


def _times(random: Random, seconds: float, every: float) -> list[float]:
    """Moments that come at random, `every` seconds on average (a Poisson process)."""
    found: list[float] = []
    at = QUIET
    while (at := at + random.expovariate(1 / every)) < seconds:
        found.append(round(at, 2))
    return found


def _turns(random: Random, things: Sequence[T]) -> Iterator[T]:
    """For ever: all of them in a random order, and again in another."""
    while True:
        yield from random.sample(things, len(things))
