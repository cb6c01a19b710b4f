"""A sweep over the health of many integrations: how long it takes, and how long its history gets.

They are in the registry (SQLite) and served by one small server, so what is measured is the sweep; the world is that of
the tests of workflows.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from domain import ids
from domain.health import SweepHealth
from tests.workflows import watching
from tests.workflows.world import standing

BATCH = 50


@dataclass(frozen=True)
class Sweep:
    """One sweep, each of so many integrations due. `missed` are those that it did not ask."""

    integrations: int
    seconds: float
    events: int
    missed: int


async def sweep(sizes: Sequence[int]) -> list[Sweep]:
    """A sweep for each of the sizes, in ascending order, on one server; the first of all is not counted."""
    found: list[Sweep] = []
    async with standing() as world, watching.small_server() as small, world.workers():
        known = 0
        await watching.swept(world)
        for size in sorted(sizes):
            await watching.many(world, f"{small.url}/{size}", size - known, organization=ids.DEFAULT_ORGANIZATION)
            known = size
            small.asked.clear()
            began = time.perf_counter()
            handle = await watching.started(world, SweepHealth(batch=BATCH))
            await handle.result()
            seconds = time.perf_counter() - began
            events = len((await handle.fetch_history()).events)
            found.append(Sweep(size, round(seconds, 3), events, size - len(set(small.asked))))
            sys.stderr.write(f"a sweep over {size}: {seconds:.2f} s, {events} events\n")
    return found
