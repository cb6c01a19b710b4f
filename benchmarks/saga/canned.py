"""`python -m benchmarks.saga.canned RECORDING`: the product's workers and workflows, with activities that do nothing.

Each activity has the name and the types of the real one, and answers at once what the real one answered in a recorded
run at the same place.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, get_type_hints

from pydantic import TypeAdapter
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.builds import BuildActivities
from activities.chat import ChatActivities
from activities.conversations import ConversationActivities
from activities.deployments import DeploymentActivities
from activities.documents import DocumentActivities
from activities.integrations import IntegrationActivities
from activities.prompts import PromptActivities
from activities.repository import RepositoryActivities
from activities.tools import ToolActivities
from adapters import telemetry
from adapters.temporal import TemporalSettings, connect
from benchmarks.saga.histories import Recording, place
from benchmarks.saga.process import until_told
from workers.queues import QUEUES, worker
from workers.settings import WorkerSettings

_OWNERS: Final = (
    BuildActivities,
    ChatActivities,
    ConversationActivities,
    DeploymentActivities,
    DocumentActivities,
    IntegrationActivities,
    PromptActivities,
    RepositoryActivities,
    ToolActivities,
)


def canned(recorded: Recording) -> list[Callable[..., Any]]:
    """An activity for each that the product has."""
    real = (method for owner in _OWNERS for method in vars(owner).values())
    return [_canned(method, recorded) for method in real if hasattr(method, "__temporal_activity_definition")]


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


async def _serve(recorded: Recording) -> None:
    activities = canned(recorded)
    client = await connect(TemporalSettings())
    settings = WorkerSettings()
    await until_told([worker(client, queue, activities, settings) for queue in QUEUES])


if __name__ == "__main__":
    telemetry.configure("worker")
    asyncio.run(_serve(Recording.model_validate_json(Path(sys.argv[1]).read_bytes())))
