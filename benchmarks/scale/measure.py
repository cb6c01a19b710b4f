"""The measurements: creates at once, runs that wait for people, one that waits for long, and sweeps."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from temporalio.api.enums.v1 import EventType

from benchmarks.saga.histories import History, read
from benchmarks.saga.requests import Requests
from benchmarks.scale.sweeps import Sweep, sweep
from benchmarks.scale.world import LONGEST, Canned, product, recorded, undecided, workers
from domain import ids
from domain.lifecycle import Stage
from domain.runs import CreateIntegration

STARTING: Final = 50
"""Runs that wait for people are begun so many at a time: what is measured is their waiting."""

PARTS: Final = (12, 4, 2, 1)
"""A run that waits is looked at after a twelfth, a quarter and half of its time, and at the end."""

APPROVED: Final = 10
"""Of those that wait, so many are approved at the end, the oldest first: these left the worker's memory long ago."""


@dataclass
class AtOnce:
    """`seconds` until all have ended; `accepted` and `ended` are single runs' seconds; `lost` did not end active."""

    runs: int
    seconds: float = 0.0
    accepted: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    lost: int = 0


@dataclass
class Waiting:
    """`rss_mb` of the worker by how many wait; `approved`: seconds until a run heard of its approval."""

    cached: int
    rss_mb: list[tuple[int, float]] = field(default_factory=list)
    approved: list[float] = field(default_factory=list)
    lost: int = 0


@dataclass
class Long:
    """Events and bytes of a run's history, by the days for which it has waited for a review."""

    days: list[int] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    lost: int = 0


@dataclass
class Measured:
    at_once: list[AtOnce] = field(default_factory=list)
    waiting: Waiting | None = None
    long: Long | None = None
    sweeps: list[Sweep] = field(default_factory=list)


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


async def measure(
    *, sizes: Sequence[int], waiting: int, cached: int, days: int, sweeps: Sequence[int] = ()
) -> Measured:
    """What is 0 or empty is left out."""
    found = Measured()
    if sweeps:
        found.sweeps = await sweep(sweeps)
    if not (sizes or waiting or days):
        return found
    with tempfile.TemporaryDirectory(prefix="ccb-scale-") as folder:
        say("starting the stack")
        async with product(Path(folder)) as stack:
            requests = await Requests.prepared(stack.addresses)
            if sizes:
                recording = await recorded(stack, requests, automatic=True)
                async with workers(stack, requests, recording, cached=1000) as canned:
                    await at_once(canned, 1)  # the first is not counted
                    for size in sizes:
                        found.at_once.append(await at_once(canned, size))
            recording = await recorded(stack, requests, automatic=False)
            if days:
                async with workers(stack, requests, undecided(recording), cached=1000) as canned:
                    found.long = await wait_long(canned, days)
            if waiting:
                async with workers(stack, requests, recording, cached=cached) as canned:
                    found.waiting = await wait(canned, waiting, cached)
    return found


async def at_once(canned: Canned, runs: int) -> AtOnce:
    found = AtOnce(runs)
    began = time.perf_counter()

    async def one() -> None:
        cmd = canned.request(automatic=True)
        await canned.runs.start_create(cmd)
        found.accepted.append(time.perf_counter() - began)
        if await canned.ended(cmd):
            found.ended.append(time.perf_counter() - began)
        else:
            found.lost += 1

    await asyncio.gather(*(one() for _ in range(runs)))
    found.seconds = time.perf_counter() - began
    say(f"{runs} at once: {found.seconds:.1f} s, {found.lost} lost")
    return found


async def wait(canned: Canned, runs: int, cached: int) -> Waiting:
    """Memory is read once all that were begun so far wait; nobody asks them anything meanwhile."""
    found = Waiting(cached)
    asked: list[CreateIntegration] = []
    before = await canned.in_review()
    for goal in sorted({max(1, round(runs * part / 4)) for part in range(1, 5)}):
        while len(asked) < goal:
            batch = [canned.request(automatic=False) for _ in range(min(STARTING, goal - len(asked)))]
            await asyncio.gather(*(canned.runs.start_create(cmd) for cmd in batch))
            asked += batch
            await _reached(canned, before + len(asked))
        found.rss_mb.append((goal, round(canned.rss_mb(), 1)))
        say(f"{goal} wait: {found.rss_mb[-1][1]:.0f} MB")
    approved = asked[: min(APPROVED, len(asked))]
    found.approved = [await canned.approve(cmd) for cmd in approved]
    found.lost = [await canned.ended(cmd) for cmd in approved].count(False)
    await _reached(canned, before + len(asked) - len(approved))
    return found


async def _reached(canned: Canned, count: int) -> None:
    """Raises TimeoutError if they do not all come to wait, or if one of them vanishes."""
    async with asyncio.timeout(LONGEST):
        while await canned.in_review() != count:  # noqa: ASYNC110 - a server's state
            await asyncio.sleep(0.5)


async def wait_long(canned: Canned, days: int) -> Long:
    """Reminders come daily, one after another; time goes on when nothing is left to do."""
    found = Long()
    cmd = canned.request(automatic=False, deadline=timedelta(days=days + 30))
    await canned.runs.start_create(cmd)
    await _reached(canned, 1)
    gone = timedelta()
    for until in [timedelta(days=max(1, days // part)) for part in PARTS]:
        await canned.fast_forward(cmd, until - gone)
        gone = until
        history = await _reminded(canned, cmd, until.days - 1)
        found.days.append(until.days)
        found.events.append(history.count())
        found.size.append(history.size)
        say(f"waited {until.days} days: {history.count()} events, {history.size / 1000:.0f} KB")
    status = await canned.runs.status(cmd.integration_id)
    found.lost = int(status.stage is not Stage.REVIEWING)
    return found


async def _reminded(canned: Canned, cmd: CreateIntegration, times: int) -> History:
    """Its history, once people have been reminded so often."""
    async with asyncio.timeout(LONGEST):
        while True:
            history = await read(canned.client, ids.lifecycle_workflow(cmd.integration_id))
            if history.count(EventType.EVENT_TYPE_TIMER_FIRED) >= times:
                return history
            await asyncio.sleep(2)
