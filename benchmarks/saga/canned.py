"""`python -m benchmarks.saga.canned RECORDING QUEUE…`: the product's workers, with activities that do nothing.

Each activity has the name and the types of the real one, and answers at once what the real one answered in a recorded
run at the same place.
"""

import asyncio
import importlib
import pkgutil
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter
from temporalio import activity
from temporalio.exceptions import ApplicationError

import activities
from adapters import telemetry
from adapters.temporal import TemporalSettings, connect
from benchmarks.saga.histories import Recording, place
from benchmarks.saga.process import until_told
from workers.queues import worker
from workers.settings import WorkerSettings


def canned(recorded: Recording) -> list[Callable[..., Any]]:
    """An activity for each that the product has."""
    return [_canned(method, recorded) for method in _real()]


def _real() -> Iterator[Callable[..., Any]]:
    """The methods of the package `activities` that are marked as activities."""
    for found in pkgutil.iter_modules(activities.__path__):
        module = importlib.import_module(f"{activities.__name__}.{found.name}")
        owners = (
            each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__
        )
        for method in (method for owner in owners for method in vars(owner).values()):
            if hasattr(method, "__temporal_activity_definition"):
                yield method


def _canned(method: Callable[..., Any], recorded: Recording) -> Callable[..., Any]:
    name: str = getattr(method, "__temporal_activity_definition").name
    hints = get_type_hints(method)
    result = TypeAdapter[Any](hints["return"])
    results: Mapping[str, object] = {
        at: result.validate_json(one.data) for at, one in recorded.results.items() if one.activity == name
    }

    async def answer(_: object) -> object:
        info = activity.info()
        at = place(info.workflow_id or "", info.activity_id)
        if at not in results:
            raise ApplicationError(f"{name} was not recorded at {at}", non_retryable=True)
        return results[at]

    answer.__annotations__ = {"_": next(iter(hints.values())), "return": hints["return"]}
    made: Callable[[object], Awaitable[object]] = activity.defn(name=name)(answer)
    return made


async def _serve(recorded: Recording, queues: Sequence[str]) -> None:
    steps = canned(recorded)
    client = await connect(TemporalSettings())
    settings = WorkerSettings()
    await until_told([worker(client, queue, steps, settings) for queue in queues])


if __name__ == "__main__":
    telemetry.configure("worker")
    asyncio.run(_serve(Recording.model_validate_json(Path(sys.argv[1]).read_bytes()), sys.argv[2:]))
