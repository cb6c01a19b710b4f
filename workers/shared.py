"""What all queues of one worker process share. None of it is a vendor's credential."""

import inspect
from collections.abc import Callable, Collection
from typing import Any, Self

from temporalio.client import Client

from adapters.artifacts import ArtifactSettings, open_artifacts
from adapters.database import Database, DatabaseSettings
from domain.ports import Artifacts
from domain.runs import BUILD_QUEUE
from workers.settings import WorkerSettings

Step = Callable[..., Any]


class Shared:
    """`database` is there for the queues that need it; the builders' does not, and is not told where it is."""

    def __init__(
        self, settings: WorkerSettings, client: Client, artifacts: Artifacts, database: Database | None
    ) -> None:
        self.settings = settings
        self.client = client
        self.artifacts = artifacts
        self._database = database

    @classmethod
    async def open(cls, client: Client, queues: Collection[str]) -> Self:
        """What `queues` need, from the environment. Raises StorageUnavailable if the database does not answer."""
        return cls(
            settings=WorkerSettings(),
            client=client,
            artifacts=open_artifacts(ArtifactSettings()),
            database=None if set(queues) == {BUILD_QUEUE} else await Database.open(DatabaseSettings()),
        )

    @property
    def database(self) -> Database:
        if self._database is None:
            raise LookupError("this worker's queues need no database, so it has none")
        return self._database

    async def close(self) -> None:
        if self._database is not None:
            await self._database.close()


def steps(*owners: object) -> list[Step]:
    """The activities of these objects: their methods that are marked as such."""
    return [
        method
        for owner in owners
        for _, method in inspect.getmembers(owner, inspect.ismethod)
        if hasattr(method, "__temporal_activity_definition")
    ]
