"""The life cycle in the database: integrations, where they are deployed, and what failed runs had reached."""

from typing import Protocol

from domain.audit import AuditEntry
from domain.checkpoints import Kept
from domain.deployments import Deployment, Elsewhere
from domain.events import Event
from domain.health import HealthState
from domain.lifecycle import Operation, Stage
from domain.listing import About, RegistryPage, RunPage, RunState, Wanted
from domain.people import Actor
from domain.plan import CapabilityName
from domain.registry import Annotation, Integration, IntegrationDetail, Page, RegistryEntry, Version
from domain.review import Review
from domain.runs import (
    CreateIntegration,
)
from domain.steps import BeginRun
from domain.vendors import IssueRef, TicketRef


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
        elsewhere: Elsewhere | None = None,
    ) -> Integration:
        """Move to `stage`, with the event `integration.stage_changed` (ACTIVATED/FAILED for those stages).

        Sets `version` and `url` where given; FAILED stores `detail` as `failure`, clears `url` and frees the name.
        `returning`: a run was undone, so it is where it was before; `detail` is stored as `failure`, version and URL
        are those of the registry, and the event is `integration.run_failed`. `elsewhere`: the event, always
        `integration.stage_changed`, tells of that version in its environment.
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

    async def find(self, name_or_id: str, *, organization_id: str | None = None) -> Integration:
        """By id, or by name (the living one, else the newest with this name). Raises NotFound."""

    async def detail(self, name_or_id: str, *, organization_id: str) -> IntegrationDetail:
        """The same with all that belongs to it, in one look. Raises NotFound."""

    async def by_pull_request(self, repo: str, number: int) -> Integration | None: ...

    async def by_issue(self, issue: IssueRef) -> Integration | None: ...

    async def by_ticket(self, ticket: TicketRef) -> Integration | None: ...

    async def describe(self, integration_id: str, about: About, *, revision: int | None, by: Actor) -> Integration:
        """Set what people say of it, with the event `integration.updated`; as it is already: nothing.

        Raises PreconditionFailed if its revision is another than this.
        """

    async def page(self, *, organization_id: str, cursor: str | None, limit: int, wanted: Wanted = ...) -> Page:
        """Those wanted, newest first if nothing else is said. Raises InvalidInput for a cursor of another order."""

    async def discover(
        self,
        organization_id: str,
        *,
        capability: CapabilityName | None = None,
        version_range: str | None = None,
        health: HealthState | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> RegistryPage:
        """What is registered, by name: those that offer the capability, whose version is in the range (PEP 440)."""

    async def versions(self, integration_id: str) -> list[Version]: ...

    async def entry(self, integration_id: str) -> RegistryEntry | None: ...

    async def catalogue(self, organization_id: str, *, limit: int) -> list[RegistryEntry]:
        """What the organisation has in the registry, the newest `limit` of it, by name."""

    async def failed(self, organization_id: str, *, name: str | None, api_host: str, limit: int) -> list[Integration]:
        """Runs that failed for the same API or under the same name, newest first."""

    async def events(self, integration_id: str, *, after: int = 0) -> list[Event]:
        """Events with a sequence greater than `after`, in order."""

    async def audit(self, integration_id: str) -> list[AuditEntry]: ...


class RunRecords(Protocol):
    """The runs there are and were, of a whole organisation."""

    async def page(
        self,
        organization_id: str,
        *,
        cursor: str | None = None,
        limit: int = 50,
        state: RunState | None = None,
        operation: Operation | None = None,
        integration_id: str | None = None,
    ) -> RunPage:
        """The newest first. Raises InvalidInput for a cursor that was not given out."""


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
