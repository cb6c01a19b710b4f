"""Connections to a run's stream, and what a run would say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx

from cli.stream import Decoder, Sent
from domain.live import LiveEntry
from domain.people import Role
from domain.registry import Integration
from tests.api.stand_in import CONTENT
from tests.api.test_runs import in_stage
from tests.api.world import World


class Watcher:
    """A connection to the stream: what it got so far, and the next of it."""

    def __init__(self, answer: httpx.Response) -> None:
        self.got: list[Sent] = []
        self.headers = answer.headers
        self._sent = self._read(answer)

    async def _read(self, answer: httpx.Response) -> AsyncIterator[Sent]:
        decoder = Decoder()
        async for chunk in answer.aiter_bytes():
            for sent in decoder.feed(chunk):
                self.got.append(sent)
                yield sent

    async def until(self, event: str, text: str = "") -> Sent:
        """Read on until there is such an event."""
        async with asyncio.timeout(20):
            async for sent in self._sent:
                if sent.event == event and text in sent.data:
                    return sent
        raise AssertionError(f"the stream ended without {event}: {self.got}")

    async def rest(self) -> list[Sent]:
        async with asyncio.timeout(20):
            async for _ in self._sent:
                pass
        return self.got


@asynccontextmanager
async def watching(world: World, name: str, last: str | None = None, since: str = "start") -> AsyncIterator[Watcher]:
    headers = {"Last-Event-ID": last} if last else {}
    async with (
        world.client(Role.VIEWER) as api,
        api.stream("GET", f"/api/v1/integrations/{name}/stream", params={"since": since}, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        yield Watcher(answer)


async def found(world: World, name: str) -> Integration:
    return await world.services.integrations.find(name)


async def say(world: World, name: str, *kinds: str, turn: int = 1, text: str = "") -> None:
    """Entries of the run, as a worker would write them."""
    row = await found(world, name)
    about = {"run": f"{row.workflow_id}/{row.run_id}", "turn": turn, "name": "write_file", "at": datetime.now(UTC)}
    entries = [LiveEntry.model_validate({**about, "kind": kind, "text": text}) for kind in kinds]
    await world.services.live.add(entries)


async def approve(world: World, name: str) -> None:
    async with world.client(Role.REVIEWER) as api:
        review = {"decision": "approve", "content_hash": CONTENT}
        assert (await api.post(f"/api/v1/integrations/{name}/reviews", json=review)).status_code == 200
        await in_stage(api, name, "active")
