"""The bus inside one process. Other processes read the table of events, which is the log."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from domain.errors import StorageUnavailable
from domain.events import Event

QUEUED = 1000


class LocalBus:
    """The `Bus` port for one event loop: hands events to who is subscribed now, and keeps none."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    async def publish(self, events: Sequence[Event]) -> None:
        for event in events:
            for subscription in self._subscriptions:
                subscription.offer(event)

    @asynccontextmanager
    async def subscribe(self) -> "AsyncIterator[Subscription]":
        """Events published from now on: `async with bus.subscribe() as events: async for event in events`."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    async def close(self) -> None:
        """Ends all subscriptions."""
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()


class Subscription:
    """Events in order. One that falls 1,000 behind raises StorageUnavailable: read the table of events instead."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._changed = asyncio.Event()
        self._ended = self._behind = False

    def offer(self, event: Event) -> None:
        if self._ended:
            return
        if len(self._waiting) < QUEUED:
            self._waiting.append(event)
        else:
            self._behind = self._ended = True
        self._changed.set()

    def end(self) -> None:
        self._ended = True
        self._changed.set()

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Event:
        while not self._waiting and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        if self._waiting:
            return self._waiting.popleft()
        if self._behind:
            raise StorageUnavailable("This reader fell behind; read the events on from the last sequence you have.")
        raise StopAsyncIteration
