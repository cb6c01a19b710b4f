"""The intake of webhooks: a delivery is stored, then answered, then its handling is started behind it.

A delivery that was stored and whose start failed, or was lost with the process, is found again by the sweep.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from adapters.temporal import TemporalRuns
from domain.errors import CcbError
from domain.ports import Artifacts, Deliveries
from domain.runs import Delivery, DeliverySource

_log = logging.getLogger("ccb.api.intake")

_WAITING = 10_000
_STARTERS = 4
SWEEP_EVERY = 10.0
"""Seconds between sweeps, and the age from which an unfinished delivery counts as stranded."""


class Intake:
    """`take` stores; the tasks of `running` start."""

    def __init__(
        self, *, artifacts: Artifacts, deliveries: Deliveries, runs: TemporalRuns, sweep_every: float = SWEEP_EVERY
    ) -> None:
        self._artifacts = artifacts
        self._deliveries = deliveries
        self._runs = runs
        self._sweep_every = sweep_every
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue(_WAITING)

    async def take(self, source: DeliverySource, delivery_id: str, event: str, body: bytes) -> bool:
        """Store; False if this delivery was stored before. Raises StorageUnavailable."""
        ref = await self._artifacts.put(body, "application/octet-stream")
        delivery = Delivery(source=source, id=delivery_id, event=event, received_at=datetime.now(UTC), body=ref)
        if not await self._deliveries.store(delivery):
            return False
        if not self._queue.full():
            self._queue.put_nowait(delivery)
        return True

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._start()) for _ in range(_STARTERS)]
        tasks.append(asyncio.create_task(self._sweep()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _start(self) -> None:
        while True:
            delivery = await self._queue.get()
            await self._deliver(delivery)

    async def _sweep(self) -> None:
        while True:
            try:
                for delivery in await self._deliveries.unfinished(older_than_seconds=self._sweep_every):
                    await self._deliver(delivery)
            except CcbError as error:
                _log.warning("sweep failed", extra={"code": error.code, "error": error.message})
            await asyncio.sleep(self._sweep_every)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._runs.start_delivery(delivery)
        except CcbError as error:
            about = {"source": delivery.source, "delivery": delivery.id, "code": error.code, "error": error.message}
            _log.warning("delivery not started; the sweep will", extra=about)
