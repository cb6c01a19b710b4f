"""Token buckets: how often something may be done, in bursts and in the long run."""

from dataclasses import dataclass
from typing import NamedTuple


class Bucket(NamedTuple):
    """Holds at most `capacity` tokens and gains `per_second`. Buckets with the same `key` are one bucket."""

    key: str
    capacity: int
    per_second: float


class Level(NamedTuple):
    """A bucket after something was taken, or was not. Times in seconds.

    `wait` is 0.0, or how long until there is enough; `remaining` are whole tokens; `full_in` is when it is full again.
    """

    wait: float
    remaining: int
    full_in: float


@dataclass(frozen=True, slots=True)
class Connections:
    """A pool of connections: how many are lent out, how many wait to be, and how many there may be."""

    in_use: int
    idle: int
    most: int
