"""The measurement: documents through the product, some at a time, and what came of each."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.generation.choosing import Chosen
from benchmarks.generation.runs import Outcome, Runs
from benchmarks.generation.servers import product
from domain.conversation import Budget

Say = Callable[[Outcome], None]


class Different(Exception):
    """The books and the simulated vendor's bill do not agree."""


@dataclass(frozen=True)
class Measured:
    """What came of each document, and the seconds that all of them took together, `at_once` at a time."""

    outcomes: Sequence[Outcome]
    seed: int
    at_once: int
    seconds: float
    real: bool


async def measure(
    documents: Sequence[Chosen], *, seed: int, at_once: int, real: bool = False, budget: Budget | None = None
) -> Measured:
    """`budget` is each document's. Raises Different if the books do not say what the simulated Claude sold."""
    free = asyncio.Semaphore(at_once)
    with tempfile.TemporaryDirectory(prefix="ccb-generation-") as folder, _shown(len(documents)) as say:
        async with product(Path(folder), real=real) as stack, Runs.at(stack.addresses) as runs:

            async def one(document: Chosen) -> Outcome:
                async with free:
                    outcome = await runs.run(document, seed, budget or Budget())
                say(outcome)
                return outcome

            began = time.perf_counter()
            outcomes = await asyncio.gather(*map(one, documents))
            seconds = time.perf_counter() - began
            if not real:
                await _agree(f"{stack.addresses.simulators_url}", outcomes)
    return Measured(outcomes, seed, at_once, seconds, real)


async def _agree(simulators_url: str, outcomes: Sequence[Outcome]) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.get(f"{simulators_url}/_sim/claude/billing")
    answer.raise_for_status()
    bill = answer.json()
    sold = (
        bill["requests"],
        bill["input_tokens"] + bill["cache_creation_input_tokens"] + bill["cache_read_input_tokens"],
        bill["output_tokens"],
    )
    booked = tuple(sum(getattr(one, name) for one in outcomes) for name in ("turns", "input_tokens", "output_tokens"))
    if sold != booked:
        raise Different(f"Turns, input and output tokens differ: {sold} were sold, {booked} are in the books.")


@contextmanager
def _shown(documents: int) -> Iterator[Say]:
    """A bar where somebody watches; else a line a document."""
    if not sys.stderr.isatty():
        sys.stderr.write(f"starting the stack for {documents} documents\n")
        yield lambda one: print(_line(one), file=sys.stderr)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("generating", total=documents)

        def say(one: Outcome) -> None:
            progress.advance(task)
            if not one.passed:
                progress.console.print(_line(one), markup=False)

        yield say


def _line(one: Outcome) -> str:
    return f"{'passed' if one.passed else 'failed'} {one.name} ({one.seconds:.0f} s) {one.failure[:300]}".rstrip()
