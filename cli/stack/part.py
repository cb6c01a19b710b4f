"""A part of a stack, as data."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

Probe = Callable[[float], Awaitable[None]]
"""Asks a part by a real round trip whether it can do its work. Gets when its process was started (seconds since the
epoch). Raises NotReady."""


class NotReady(Exception):
    """The part does not answer yet; the message says what is missing."""


async def at_once(_: float) -> None:
    """The probe of a part that is ready as soon as it runs."""


@dataclass(frozen=True)
class Part:
    """A process and what it needs.

    `environment` is all of its environment; secrets go there, never into `command`. `after` names the parts that
    must be ready first. `prepare` runs each time the part has become ready, before it counts as ready. A part with
    `once` does its work and ends; it counts as ready when it has ended with 0. `grace` is how long it may take to end,
    in seconds.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    after: frozenset[str] = frozenset()
    ready: Probe = at_once
    prepare: Callable[[], Awaitable[None]] | None = None
    once: bool = False
    grace: float = 10.0
    url: str | None = None
