"""What is kept: artifacts, the database, the bus, counters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from pydantic import SecretStr

from domain.artifacts import ArtifactRef
from domain.conversation import Budget, LimitName, LimitStanding, SpendingLimits, Spent, Turn
from domain.deliveries import Arrived, DeliveryPage, Looked, StoredDelivery
from domain.events import Event
from domain.installations import InstallationChange
from domain.live import LiveEntry
from domain.people import Actor
from domain.rates import Bucket, Level
from domain.runs import (
    Delivery,
    DeliveryOutcome,
)


class Artifacts(Protocol):
    """Immutable bytes by content hash, and published objects by key."""

    async def put(self, data: bytes, media_type: str) -> ArtifactRef:
        """Store; the same bytes twice are one object."""

    async def get(self, ref: ArtifactRef) -> bytes:
        """Read and verify against the hash. Raises NotFound, Corrupted."""

    async def publish(self, key: str, data: bytes, media_type: str) -> str:
        """Store under a key such as `bundles/NAME/1.0.0.tar`, read it back, return its URL (`file:` or `s3:`)."""

    async def read(self, key: str) -> bytes:
        """What was published under `key`. Raises NotFound."""

    async def remove(self, key: str) -> None:
        """Remove what was published under `key`; nothing there is fine."""

    async def published(self, prefix: str = "") -> list[str]:
        """Keys published under `prefix`, sorted."""


class Outbox(Protocol):
    """Events written and not yet sent."""

    async def unsent(self, limit: int) -> list[Event]:
        """The oldest unsent events, in order per integration."""

    async def mark_sent(self, event_ids: Sequence[str]) -> None: ...


class Bus(Protocol):
    """Where events go: at least once, in order per integration."""

    async def publish(self, events: Sequence[Event]) -> None: ...

    async def close(self) -> None: ...


class Books(Protocol):
    """Money: reserved before it is spent, settled to what was used; turns bought are recorded once.

    A turn is charged to its run, its organisation's month and the day, in one transaction; whenever it is settled, to
    those that it was reserved in.
    """

    async def find(self, run: str, number: int) -> Turn | None: ...

    async def reserve(
        self,
        run: str,
        number: int,
        *,
        organization_id: str,
        tokens: int,
        usd: Decimal,
        budget: Budget,
        attempt: int = 1,
    ) -> None:
        """Reserve a turn's worst case, atomically. Repeated for the same turn: replaces its reservation.

        Raises BudgetExceeded (details: LimitReached) if it does not fit; nothing is reserved then.
        """

    async def record(self, turn: Turn) -> Turn:
        """Record a bought turn and settle its reservation, in one transaction; returns the turn that stands.

        The first record of a turn stays; another answer that was bought for it is charged beside it.
        """

    async def release(self, run: str, number: int, *, attempt: int = 1) -> None:
        """Drop what this attempt reserved: it certainly bought nothing."""

    async def lose(self, run: str, number: int, *, tokens: int, usd: Decimal, attempt: int = 1) -> None:
        """Charge what this attempt cost, which brought nothing, in place of what it reserved."""

    async def spent(self, run: str) -> Spent: ...


class Limits(Protocol):
    """What all runs together may spend: as configured, until an operator sets another."""

    async def get(self) -> SpendingLimits: ...

    async def set(self, changes: Mapping[LimitName, Decimal | None], *, by: Actor) -> SpendingLimits:
        """Set those named; turns that are reserved already go on. Returns all of them."""

    async def standing(self, organization_id: str) -> list[LimitStanding]:
        """How each stands now."""


class Gate(Protocol):
    """Whether a vendor may be asked now, for all workers together."""

    async def wait(self, key: str) -> float:
        """Seconds until it opens; 0.0 if it is open."""

    async def close(self, key: str, until: datetime) -> None:
        """Keep it closed until then; one that is closed for longer stays so. At most a day."""


class Live(Protocol):
    """What is being said right now, for those who watch. Nothing depends on it: what is lost here is lost to a view."""

    async def add(self, entries: Sequence[LiveEntry]) -> None: ...

    async def after(self, run: str, position: int, *, limit: int = 500) -> list[LiveEntry]:
        """What came after `position`, in order; from the oldest kept with 0."""

    async def latest_turn(self, run: str) -> int:
        """The position after which the run's newest turn begins; 0 if nothing was said."""


class Secrets(Protocol):
    """Values that integrations are given in their environment. Stored encrypted; only `reveal` gives them back."""

    async def put(self, integration_id: str, name: str, value: SecretStr) -> None:
        """Store or replace one."""

    async def names(self, integration_id: str) -> list[str]:
        """Which are stored, sorted."""

    async def reveal(self, integration_id: str) -> dict[str, SecretStr]:
        """All of them, for the process that needs them. Raises Corrupted if they were encrypted with another key."""

    async def forget(self, integration_id: str) -> None:
        """Remove all; nothing there is fine."""


class Deliveries(Protocol):
    """The webhook inbox: stored before it is acknowledged, handled once."""

    async def store(self, arrived: Sequence[Arrived]) -> list[bool]:
        """Insert all of them, or none; for each False if its (source, id) is there already, or comes before it."""

    async def body(self, delivery: Delivery) -> bytes | None:
        """As it came; None for one whose body is an artifact, as it was once."""

    async def finish(self, source: str, delivery_id: str, outcome: DeliveryOutcome) -> None: ...

    async def unfinished(
        self, *, older_than_seconds: float, after: Delivery | None = None, limit: int = 500
    ) -> list[Delivery]:
        """Stored and not finished: their workflow may not have been started. The oldest first, behind `after`."""

    async def page(self, looked: Looked) -> DeliveryPage:
        """Newest first. Raises InvalidInput for a cursor that is not one of ours."""

    async def read(self, source: str, delivery_id: str) -> StoredDelivery:
        """Raises NotFound."""

    async def reopen(self, source: str, delivery_id: str) -> Delivery | None:
        """Have it handled once more: its next attempt. None if it did something, or is being handled: it stays so."""

    async def prune(self, *, before: datetime, limit: int = 5_000) -> int:
        """Forget those stored before then that are finished; how many."""


class Installations(Protocol):
    """Where the code host's App is installed, as its webhooks said. Word that comes late changes nothing."""

    async def record(self, change: InstallationChange) -> None:
        """Repeated: nothing."""

    async def why_not(self, repo: str) -> str | None:
        """Why the App cannot act in this repository, as far as its webhooks said; None if they said nothing of it."""


class Counters(Protocol):
    """Shared token buckets."""

    async def take(self, key: str, *, capacity: int, per_second: float, amount: int = 1) -> float:
        """Take; returns 0.0, or the seconds to wait until `amount` is there (nothing taken). Atomic."""

    async def take_all(self, buckets: Sequence[Bucket], *, amount: int = 1) -> list[Level]:
        """Take from each bucket, or from none: one `wait` above 0.0 says that nothing was taken. Atomic."""

    async def close(self) -> None: ...
