"""Events, as CloudEvents 1.0: JSON, at least once, in order per integration."""

from enum import StrEnum

from pydantic import AwareDatetime, JsonValue

from domain.base import Data
from domain.ids import EventId, IntegrationId


class EventType(StrEnum):
    CREATED = "integration.created"
    UPDATED = "integration.updated"
    RUN_STARTED = "integration.run_started"
    RUN_FAILED = "integration.run_failed"
    STAGE_CHANGED = "integration.stage_changed"
    VERSION_RECORDED = "integration.version_recorded"
    REVIEWED = "integration.reviewed"
    TESTED = "integration.tested"
    HEALTH_CHANGED = "integration.health_changed"
    ACTIVATED = "integration.activated"
    FAILED = "integration.failed"


class Event(Data):
    """One event. `sequence` orders the events of one integration, from 1, without gaps."""

    id: EventId
    type: EventType
    time: AwareDatetime
    subject: IntegrationId
    sequence: int
    data: dict[str, JsonValue]

    def cloud_event(self) -> dict[str, JsonValue]:
        """The structured JSON form (CloudEvents 1.0 §3.1), with the `sequence` extension."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": "/ccb",
            "type": f"dev.ccb.{self.type}",
            "time": self.time.isoformat(),
            "subject": self.subject,
            "sequence": f"{self.sequence:010d}",
            "datacontenttype": "application/json",
            "data": self.data,
        }
