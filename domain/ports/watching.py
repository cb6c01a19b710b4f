"""What watches integrations that serve."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from domain.drift import Difference, Drift, DriftFound, DriftPage
from domain.health import Check, Health, HealthHour, HealthPolicy, Incident, Look, NoteAction, Watched


class HealthBook(Protocol):
    """How integrations are, their figures and incidents."""

    async def due(self, limit: int, *, by: datetime) -> list[Watched]:
        """Those that serve and whose next check is due, and was so at `by`, the longest waiting first."""

    async def record(self, checks: Sequence[Check], policy: HealthPolicy) -> int:
        """Judge and keep checks, in one transaction; how many states changed.

        Each change is an event `integration.health_changed`; one that goes down opens an incident, one that is healthy
        closes it. A check of one that was not due any more when it began is dropped: another sweep was faster.
        """

    async def read(self, integration_id: str) -> Health | None: ...

    async def all(self, organization_id: str) -> list[tuple[str, Health]]:
        """Name and health of all that serve, by name."""

    async def hours(self, integration_id: str, *, since: datetime) -> list[HealthHour]:
        """In order; those that are kept."""

    async def prune(self, before: datetime) -> None:
        """Forget the figures of older hours, incidents that were settled and closed before, and how it was with what
        serves no more and was not checked since.
        """

    async def unsettled(self, limit: int) -> list[Incident]:
        """About which something may be left to do or to tell, oldest first."""

    async def incident(self, incident_id: str) -> Incident:
        """Raises NotFound."""

    async def incidents(self, integration_id: str, *, limit: int) -> list[Incident]:
        """Newest first."""

    async def note(self, cmd: NoteAction) -> Incident:
        """Note that something was done, once for each action."""

    async def settle(self, incident_id: str) -> None:
        """Nothing is left to do about it; one that is open stays unsettled."""


class Prober(Protocol):
    """Asks health checks."""

    async def look(self, url: str, *, timeout: float) -> Look:
        """GET; 2xx within `timeout` seconds is good. What it meets is the result, and never raised."""


@runtime_checkable
class Restarts(Protocol):
    """A target that can be told to end a deployment's process and start it anew; others do so by themselves."""

    async def restart(self, deployment_id: str) -> None:
        """Raises NotFound."""


class DriftBook(Protocol):
    """What the newest looks at outside APIs' documents found."""

    async def page(self, *, cursor: str | None, limit: int) -> DriftPage:
        """Those that serve and were built for a document that has a URL; `limit` are looked through, by id."""

    async def record(self, found: DriftFound) -> Drift:
        """Keep what a look found; the row as it is then."""

    async def acted(self, integration_id: str, document_hash: str, run: str) -> None:
        """An update was opened for this document."""

    async def told(self, integration_id: str) -> None:
        """People were told that the document cannot be reached."""

    async def prune(self, before: datetime) -> None:
        """Forget what was found of documents of what serves no more and was not looked at since."""

    async def read(self, integration_id: str) -> Drift | None: ...


class Comparing(Protocol):
    """Compares API documents, as they are normalised."""

    def compare(self, before: bytes, after: bytes, operations: Sequence[tuple[str, str]]) -> list[Difference]:
        """What differs in the operations (method, path) that are used, breaking first; then what else does, in short.

        At most `drift.MOST_SHOWN`. Raises InvalidDocument for what was not normalised.
        """
