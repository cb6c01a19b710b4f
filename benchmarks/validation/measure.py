"""What validation takes: the five kinds together, each alone, cold and warm; and a jail against a bare process."""

import asyncio
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from adapters.packages import Packages
from adapters.sandbox import Environments, Limits, spawn
from adapters.validation.preparing import prepared
from adapters.validation.standard import validators
from adapters.validation.syntax import manifests
from adapters.validation.validator import Subject, Validator
from adapters.validation.workspace import Workspace, workspace
from benchmarks.validation.sample import sample
from benchmarks.validation.world import World, world
from domain.reports import Effect, Finding, Kind

KINDS = (Kind.SYNTAX, Kind.TYPES, Kind.SECURITY, Kind.PERFORMANCE, Kind.COMPLIANCE)
_TRUE = "/usr/bin/true"


class NotClean(Exception):
    """The sample is not clean, so that what was timed is not what validation of good code takes."""


@dataclass
class Measured:
    """In seconds; a list has one entry a round. `jail` and `bare` are of one launch each, one after the other."""

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)
    alone: dict[Kind, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    jail: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    @property
    def slowest(self) -> Kind:
        return max(KINDS, key=lambda kind: median(self.alone[kind]))

    @property
    def serial(self) -> list[float]:
        """All five one after another, in each round."""
        return [sum(times) for times in zip(*self.alone.values(), strict=True)]


async def measure(*, rounds: int, cold_rounds: int, launches: int) -> Measured:
    """Raises NotReady, NotClean, SandboxUnavailable."""
    found = Measured()
    with tempfile.TemporaryDirectory(prefix="ccb-benchmark-") as name:
        async with world(Path(name)) as there:
            packages, environments = there.places()
            for number in range(cold_rounds):
                _say(f"cold {number + 1}/{cold_rounds}")
                packages, environments = there.places()
                found.cold.append(await _checked(there, packages, environments))
            await _warm(there, packages, environments, found, rounds)
            async with _subject(there, packages, environments) as subject:
                await _kinds(there, subject, found, rounds)
                await _launches(subject.workspace, found, launches)
    return found


async def _checked(there: World, packages: Packages, environments: Environments) -> float:
    """One whole check, as a builder does it."""
    validation = there.validation(packages, environments)
    started = time.perf_counter()
    report = await validation.check(sample(), heartbeat=_quiet)
    seconds = time.perf_counter() - started
    _clean(report.findings)
    return seconds


async def _warm(there: World, packages: Packages, environments: Environments, found: Measured, rounds: int) -> None:
    await _checked(there, packages, environments)  # the first is not counted
    for number in range(rounds):
        _say(f"warm {number + 1}/{rounds}")
        found.warm.append(await _checked(there, packages, environments))


@asynccontextmanager
async def _subject(there: World, packages: Packages, environments: Environments) -> AsyncIterator[Subject]:
    files = sample()
    declared, _ = manifests.read(files)
    ready = await prepared(packages, environments, declared, there.policy)
    async with workspace(files, ready.environment, ready.tools) as space:
        yield Subject(space, declared, ready.lock)


async def _kinds(there: World, subject: Subject, found: Measured, rounds: int) -> None:
    """Rounds take turns, so that what else the machine does meets all alike."""
    everything = [one for one in validators(there.policy, there.osv) if one.kind in KINDS]
    by_kind: Mapping[Kind, list[Validator]] = {kind: [one for one in everything if one.kind is kind] for kind in KINDS}
    for number in range(rounds):
        _say(f"alone and together {number + 1}/{rounds}")
        for kind, group in by_kind.items():
            found.alone[kind].append(await _timed(partial(_looked, group, subject)))
        found.together.append(await _timed(partial(_looked, everything, subject)))


async def _looked(group: list[Validator], subject: Subject) -> None:
    await asyncio.gather(*(one.run(subject, heartbeat=_quiet) for one in group))


async def _launches(space: Workspace, found: Measured, launches: int) -> None:
    """Of a program that does nothing, to its end: in a jail as validators have it, and without one."""
    jail = space.jail(Limits())

    async def jailed() -> None:
        process = await spawn(jail, [_TRUE], stdout=DEVNULL, stderr=DEVNULL)
        await process.wait()

    async def bare() -> None:
        process = await asyncio.create_subprocess_exec(_TRUE, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, env={})
        await process.wait()

    for number in range(launches + 1):
        times = await _timed(jailed), await _timed(bare)
        if number:  # the first is not counted
            found.jail.append(times[0])
            found.bare.append(times[1])


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


def _clean(findings: list[Finding]) -> None:
    blocking = [one.line_of_text() for one in findings if one.effect is Effect.BLOCK]
    if blocking:
        raise NotClean("The sample is not clean:\n" + "\n".join(blocking[:10]))


def _quiet(_: str) -> None:
    """Nobody listens."""


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
