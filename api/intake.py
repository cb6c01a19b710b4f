"""The intake of webhooks: a delivery is stored, then answered, then its handling is started behind it.

A delivery that was stored and whose start failed, or was lost with the process, is found again by the sweep.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from adapters.temporal import TemporalRuns
from api.storing import Storing
from domain.artifacts import ArtifactRef, content_hash
from domain.deliveries import Arrived
from domain.errors import CcbError
from domain.ports import Deliveries
from domain.runs import Delivery, DeliveryOutcome, DeliverySource

_log = logging.getLogger("ccb.api.intake")

_WAITING = 10_000
_STARTERS = 4
SWEEP_EVERY = 10.0
"""Seconds between sweeps, and the age from which an unfinished delivery counts as stranded."""

KEEP = timedelta(days=30)
PRUNED = 5_000
"""Deliveries that are forgotten in one transaction."""
PRUNE_EVERY = timedelta(hours=1)


class Intake:
    """`take` stores; the tasks of `running` start."""

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        runs: TemporalRuns,
        sweep_every: float = SWEEP_EVERY,
        keep: timedelta = KEEP,
    ) -> None:
        """`keep` is how long a delivery that is handled is remembered: for so long it is not handled again."""
        self._deliveries = deliveries
        self._storing = Storing(deliveries)
        self._runs = runs
        self._sweep_every = sweep_every
        self._keep = keep
        self._prune_at = datetime.now(UTC)
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue(_WAITING)

    async def replay(self, source: str, delivery_id: str) -> bool:
        """Have a delivery handled once more; False if it did something, or is being handled. Raises NotFound."""
        await self._deliveries.read(source, delivery_id)
        delivery = await self._deliveries.reopen(source, delivery_id)
        if delivery is None:
            return False
        await self._deliver(delivery)
        return True

    async def take(self, source: DeliverySource, delivery_id: str, event: str, body: bytes) -> bool:
        """Store; False if this delivery was stored before. Raises StorageUnavailable."""
        ref = ArtifactRef(hash=content_hash(body), size=len(body))
        delivery = Delivery(source=source, id=delivery_id, event=event, received_at=datetime.now(UTC), body=ref)
        if not await self._storing.store(Arrived(delivery, body)):
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
                await self._sweep_once()
                await self._prune()
            except CcbError as error:
                _log.warning("sweep failed", extra={"code": error.code, "error": error.message})
            await asyncio.sleep(self._sweep_every)

    async def _sweep_once(self) -> None:
        """A page at a time: after an outage there may be many."""
        last: Delivery | None = None
        while page := await self._deliveries.unfinished(older_than_seconds=self._sweep_every, after=last):
            for delivery in page:
                await self._swept(delivery)
            last = page[-1]

    async def _swept(self, delivery: Delivery) -> None:
        """Start it; one that was started, and ended without saying how, has failed: somebody stopped it."""
        if await self._deliver(delivery) or not await self._runs.delivery_ended(delivery):
            return
        outcome = DeliveryOutcome(action="failed", detail="Its workflow ended without an outcome; see it in Temporal.")
        await self._deliveries.finish(delivery.source, delivery.id, outcome)

    async def _prune(self) -> None:
        """Each process does, a part at a time; two that do it at once take nothing from each other."""
        now = datetime.now(UTC)
        if now >= self._prune_at:
            full = await self._deliveries.prune(before=now - self._keep, limit=PRUNED) == PRUNED
            self._prune_at = now + (timedelta() if full else PRUNE_EVERY)

    async def _deliver(self, delivery: Delivery) -> bool:
        """Start it; False if it was started before. What cannot be started now is started by a sweep."""
        try:
            return await self._runs.start_delivery(delivery)
        except CcbError as error:
            about = {"source": delivery.source, "delivery": delivery.id, "code": error.code, "error": error.message}
            _log.warning("delivery not started; the sweep will", extra=about)
            return True
