"""What is kept: artifacts, the database, the bus, counters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from pydantic import SecretStr

from domain.artifacts import ArtifactRef
from domain.checkpoints import Kept
from domain.conversation import Budget, LimitName, LimitStanding, SpendingLimits, Spent, Turn
from domain.deployments import Deployment
from domain.events import Event
from domain.health import HealthState
from domain.lifecycle import Stage
from domain.live import LiveEntry
from domain.people import Actor, Channel, Person, Role
from domain.registry import Annotation, AuditEntry, Integration, Page, RegistryEntry, Version
from domain.review import Review
from domain.runs import (
    CreateIntegration,
    Delivery,
    DeliveryOutcome,
)
from domain.steps import BeginRun
from domain.vendors import (
    IssueRef,
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


class Integrations(Protocol):
    """The life cycle in the database. Each change writes row, event (outbox) and audit entry in one transaction."""

    async def accept(
        self, cmd: CreateIntegration, *, workflow_id: str, run_id: str, api_host: str | None = None
    ) -> Integration:
        """Create the row in stage REQUESTED, with the event `integration.created`. Repeated: returns the row.

        `api_host` is the host of the outside API, with its port if it names one: later runs look for it.

        Raises NameTaken if `cmd.request.name` is given and an integration that is not failed or retired has it.
        """

    async def begin(self, cmd: BeginRun) -> Integration:
        """Note that a run begins, with the event `integration.run_started`; the row as it is then, its stage unchanged.

        Repeated for the same run: the row. Raises NotFound, and Conflict if it is in none of the stages `cmd.of`, or if
        another run began under the same `cmd.request_key` (details: that run's `run_id`).
        """

    async def claim_name(self, integration_id: str, name: str) -> str:
        """Give the integration its name and return it: `name`, or `name-2`, `name-3` … if it is taken.

        Atomic under concurrency (a unique constraint over living integrations); repeated: returns the name it has.
        """

    async def enter(
        self,
        integration_id: str,
        stage: Stage,
        *,
        key: str,
        actor: Actor | None = None,
        detail: str = "",
        version: str | None = None,
        url: str | None = None,
        returning: bool = False,
    ) -> Integration:
        """Move to `stage`, with the event `integration.stage_changed` (ACTIVATED/FAILED for those stages).

        Sets `version` and `url` where given; FAILED stores `detail` as `failure`, clears `url` and frees the name.
        `returning`: a run was undone, so it is where it was before; `detail` is stored as `failure`, version and URL
        are those of the registry, and the event is `integration.run_failed`.
        Repeated with the same `key`: no second event. Raises Conflict if `lifecycle.may_follow` refuses, or
        `may_return` where it is returning.
        """

    async def record_version(self, version: Version, *, key: str) -> None:
        """Insert or replace the version of (integration, version), with the event `integration.version_recorded`."""

    async def annotate_version(self, integration_id: str, version: str, annotation: Annotation) -> Version:
        """Note something about a version, in place of what was noted before. Raises NotFound."""

    async def discard_version(self, integration_id: str, version: str) -> None:
        """Undo of record_version; nothing there is fine."""

    async def record_review(self, integration_id: str, version: str, review: Review) -> None:
        """Store a review that counted, once per review id, with the event `integration.reviewed`."""

    async def register(self, entry: RegistryEntry, *, forced: bool = False) -> None:
        """Put the entry into the registry (one living entry per name), with what it depends on.

        Raises DependencyUnmet, unless it is forced, if what it needs is not there, others need another version of it,
        or they would need each other in a circle.
        """

    async def deregister(self, integration_id: str, version: str) -> None:
        """Undo of register."""

    async def get(self, integration_id: str) -> Integration:
        """Raises NotFound."""

    async def find(self, name_or_id: str) -> Integration:
        """By id, or by name (the living one, else the newest with this name). Raises NotFound."""

    async def by_pull_request(self, repo: str, number: int) -> Integration | None: ...

    async def by_issue(self, issue: IssueRef) -> Integration | None: ...

    async def page(
        self,
        *,
        organization_id: str,
        cursor: str | None,
        limit: int,
        stage: Stage | None = None,
        health: HealthState | None = None,
    ) -> Page:
        """Newest first."""

    async def versions(self, integration_id: str) -> list[Version]: ...

    async def entry(self, integration_id: str) -> RegistryEntry | None: ...

    async def catalogue(self, organization_id: str, *, limit: int) -> list[RegistryEntry]:
        """What the organisation has in the registry, the newest `limit` of it, by name."""

    async def failed(self, organization_id: str, *, name: str | None, api_host: str, limit: int) -> list[Integration]:
        """Runs that failed for the same API or under the same name, newest first."""

    async def events(self, integration_id: str, *, after: int = 0) -> list[Event]:
        """Events with a sequence greater than `after`, in order."""

    async def audit(self, integration_id: str) -> list[AuditEntry]: ...


class Deployments(Protocol):
    """What runs where. Written by the steps that change it; each change is safe to repeat."""

    async def started(self, deployment: Deployment) -> None:
        """Note one that is about to be started. One that serves is left as it is."""

    async def serves(self, deployment_id: str, url: str) -> None:
        """Its stable URL points at it; the one that served in its environment before is REPLACED."""

    async def returned(self, away_from: str, back_to: str | None) -> None:
        """Undo of `serves`: `away_from` is REPLACED, if it is noted to serve, and `back_to` serves again."""

    async def stopped(self, deployment_id: str) -> None:
        """Nothing noted is fine."""

    async def of(self, integration_id: str) -> list[Deployment]:
        """All that there were, the newest change first."""


class Checkpoints(Protocol):
    """What failed runs leave behind: the newest of each integration."""

    async def save(self, kept: Kept) -> None:
        """Keep it in place of the one before."""

    async def find(self, integration_id: str) -> Kept | None: ...


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


class People(Protocol):
    """Who is known, and their keys. Keys are stored as SHA-256 of a 256-bit random key, shown once."""

    async def add(self, person: Person) -> Person:
        """Raises Conflict if name, GitHub or Slack name is taken in the organisation."""

    async def list(self, organization_id: str) -> list[Person]: ...

    async def find(self, channel: Channel, name: str) -> Person | None:
        """By the name they have there, ignoring case."""

    async def issue_key(self, person_id: str, *, label: str) -> SecretStr:
        """A new API key, `ccb_` and 43 characters."""

    async def ensure_key(self, person_id: str, key: SecretStr, *, label: str) -> None:
        """Make this key valid for this person (the operator's key file at start-up)."""

    async def by_key(self, key: SecretStr) -> Person | None:
        """Whose key it is; None for an unknown or revoked one. Constant work."""

    async def ensure(self, name: str, role: Role) -> Person:
        """The person of this name in the default organisation, made if need be."""


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

    async def store(self, delivery: Delivery) -> bool:
        """Insert; False if this (source, id) is already there."""

    async def finish(self, source: str, delivery_id: str, outcome: DeliveryOutcome) -> None: ...

    async def unfinished(self, *, older_than_seconds: float) -> list[Delivery]:
        """Stored and not finished: their workflow may not have been started."""

    async def idempotent(self, scope: str, key: str, body_hash: str, integration_id: str) -> str:
        """The integration id first stored for (scope, key). Raises Conflict if the body hash differs."""


class Counters(Protocol):
    """Shared token buckets."""

    async def take(self, key: str, *, capacity: int, per_second: float, amount: int = 1) -> float:
        """Take; returns 0.0, or the seconds to wait until `amount` is there (nothing taken). Atomic."""

    async def close(self) -> None: ...
