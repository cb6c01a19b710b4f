"""The relay: events written with their changes leave for the bus, at least once, in order per integration."""

import asyncio
import logging

from domain.errors import StorageUnavailable, VendorError
from domain.ports import Bus, Outbox

_log = logging.getLogger("ccb.outbox")

BATCH = 200
IDLE = 0.5
"""Seconds between two looks at an empty outbox."""


async def relay(outbox: Outbox, bus: Bus) -> None:
    """Send for ever. What was sent and not marked is sent again: receivers know events by id."""
    while True:
        try:
            events = await outbox.unsent(BATCH)
            if events:
                await bus.publish(events)
                await outbox.mark_sent([event.id for event in events])
        except (StorageUnavailable, VendorError) as error:
            _log.warning("events wait", extra={"code": error.code, "error": error.message})
            events = []
        if not events:
            await asyncio.sleep(IDLE)
