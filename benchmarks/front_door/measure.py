"""The measurements. Product and floor take turns, under the same load for the same time."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.front_door import knowing
from benchmarks.front_door.load import Loaded, Next, load, processor_us
from benchmarks.front_door.requests import deliveries, reads
from benchmarks.front_door.world import SECRET, World, standing

KINDS: Final = ("webhook", "get", "list")
FEW: Final = 1_000
"""Integrations, to compare with."""
_WARM = 1.0
_KEY_TIMES = 1000


class NotMeasured(Exception):
    """A process of the benchmark ended with an error."""


@dataclass
class Pair:
    """One list entry a round, of the same round on both sides."""

    product: list[Loaded] = field(default_factory=list)
    floor: list[Loaded] = field(default_factory=list)

    @property
    def over(self) -> float:
        """The product's throughput over the floor's: the median of the rounds."""
        return median(mine.rate / least.rate for mine, least in zip(self.product, self.floor, strict=True))


@dataclass
class Measured:
    connections: int
    seconds: float
    integrations: int
    pairs: dict[str, Pair] = field(default_factory=lambda: {kind: Pair() for kind in KINDS})
    auth_us: float = 0.0
    peak_rss_mb: float = 0.0
    growth: dict[str, float] = field(default_factory=dict)


async def measure(*, rounds: int, seconds: float, connections: int, integrations: int) -> Measured:
    """Raises Refused, NotMeasured, RuntimeError for a server that does not start."""
    found = Measured(connections, seconds, integrations)
    _say(f"starting the servers, with {integrations:,} integrations")
    async with standing(integrations) as world:
        asked: dict[str, Next] = {
            "webhook": deliveries(SECRET),
            **_reads(world),
        }
        found.auth_us = await _known(world)
        with world.nothing_handled():
            for kind in KINDS:
                await _rounds(world, kind, asked[kind], found, rounds)
        found.peak_rss_mb = world.peak_rss_mb()
    await _grown(found, rounds)
    return found


async def _grown(found: Measured, rounds: int) -> None:
    """What a read takes of a processor with all integrations, over what it takes with few."""
    async with standing(FEW) as world:
        for kind, following in _reads(world).items():
            few = [await _loaded(world, world.product, following, found) for _ in range(rounds + 1)][1:]
            found.growth[kind] = processor_us(found.pairs[kind].product) / processor_us(few)
            _say(f"{kind}: {found.growth[kind]:.2f} of what it takes with {FEW:,} integrations")


async def _loaded(world: World, port: int, following: Next, found: Measured) -> Loaded:
    before = world.processor_seconds(port)
    one = await load(port, following, connections=found.connections, seconds=found.seconds)
    one.processor = world.processor_seconds(port) - before
    return one


def _reads(world: World) -> dict[str, Next]:
    return {"get": reads(world.paths, world.key), "list": reads(["/api/v1/integrations?limit=50"], world.key)}


async def _rounds(world: World, kind: str, following: Next, found: Measured, rounds: int) -> None:
    pair = found.pairs[kind]
    for port in (world.floor, world.product):  # the first is not counted
        await load(port, following, connections=found.connections, seconds=_WARM)
    for number in range(1, rounds + 1):
        for port, into in ((world.floor, pair.floor), (world.product, pair.product)):
            into.append(await _loaded(world, port, following, found))
        _say(f"{kind} {number}/{rounds}: {pair.product[-1].rate:.0f}/s, the floor {pair.floor[-1].rate:.0f}/s")


async def _known(world: World) -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.front_door.knowing"),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=os.environ | world.environment | {knowing.KEY: world.key, knowing.TIMES: str(_KEY_TIMES)},
    )
    out, errors = await process.communicate()
    if process.returncode:
        raise NotMeasured(errors.decode(errors="replace"))
    _say(f"who asks, and what they may: {float(out):.0f} µs")
    return float(out)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
