"""What all queues of one worker process share. None of it is a vendor's credential."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from temporalio.client import Client

from adapters.artifacts import ArtifactSettings, open_artifacts
from adapters.database import Database, DatabaseSettings
from domain.ports import Artifacts
from workers.settings import WorkerSettings

Step = Callable[..., Any]


@dataclass(frozen=True)
class Shared:
    settings: WorkerSettings
    client: Client
    database: Database
    artifacts: Artifacts

    @classmethod
    async def open(cls, client: Client) -> Self:
        """From the environment. Raises StorageUnavailable if the database does not answer."""
        return cls(
            settings=WorkerSettings(),
            client=client,
            database=await Database.open(DatabaseSettings()),
            artifacts=open_artifacts(ArtifactSettings()),
        )

    async def close(self) -> None:
        await self.database.close()


def steps(*owners: object) -> list[Step]:
    """The activities of these objects: their methods that are marked as such."""
    return [
        method
        for owner in owners
        for _, method in inspect.getmembers(owner, inspect.ismethod)
        if hasattr(method, "__temporal_activity_definition")
    ]
