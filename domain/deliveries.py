"""Webhook deliveries as they are looked through: what came, what came of it, and whether it may be handled again."""

from typing import Literal, NamedTuple

from pydantic import AwareDatetime, Field

from domain.base import Data
from domain.runs import Delivery, DeliveryOutcome, DeliverySource

Outcome = Literal["waiting", "started", "reviewed", "abandoned", "told", "ignored", "refused", "failed"]
"""`waiting`: it is being handled, or waits for that."""

REPLAYABLE = frozenset({"failed", "refused", "ignored"})
"""Outcomes that changed nothing, so that the delivery may be handled again."""


class Arrived(NamedTuple):
    """A delivery that was verified, with its raw body."""

    delivery: Delivery
    body: bytes


class StoredDelivery(Data):
    """A delivery. `attempts` counts how often it was handled, replays included; `workflow_id` is that of the last."""

    source: DeliverySource
    id: str = Field(examples=["72d3162e-cc78-11e3-81ab-4c9367dc0958"])
    event: str = Field(examples=["issues"])
    received_at: AwareDatetime
    workflow_id: str = Field(examples=["webhook/github/72d3162e-cc78-11e3-81ab-4c9367dc0958"])
    attempts: int = 1
    outcome: DeliveryOutcome | None = None
    finished_at: AwareDatetime | None = None


class DeliveryPage(Data):
    """Newest first; `next_cursor` is opaque and None at the end."""

    items: list[StoredDelivery]
    next_cursor: str | None = None


class Looked(Data):
    """Which deliveries are looked for. `since` is included, `until` is not."""

    source: DeliverySource | None = None
    outcome: Outcome | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    cursor: str | None = Field(default=None, max_length=500)
    limit: int = Field(default=50, ge=1, le=200)
