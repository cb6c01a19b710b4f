"""The ports: what the system needs of the outside, in our words. Adapters implement them; activities are given them.

All raise `CcbError`s only (domain/errors.py). Everything that changes something is safe to repeat: where a method
takes a `key`, the same key is the same deed; elsewhere the arguments name the thing and a second call finds it done.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from pydantic import SecretStr

from domain.artifacts import ArtifactRef
from domain.conversation import Answer, Budget, Conversation, Price, Spent, Turn
from domain.events import Event
from domain.intents import Intent
from domain.lifecycle import Stage
from domain.people import Actor, Channel, Person, Role
from domain.registry import AuditEntry, Integration, Page, RegistryEntry, Version
from domain.reports import CheckReport, TestReport
from domain.review import Review
from domain.runs import (
    Abandon,
    CreateIntegration,
    Delivery,
    DeliveryOutcome,
    HeadMoved,
    RaiseBudget,
    RunAccepted,
    RunStatus,
)
from domain.vendors import (
    Branch,
    ChatMessage,
    CommentRef,
    DeploymentSpec,
    DeploymentStatus,
    IssueRef,
    LogLine,
    Merge,
    MessageRef,
    PullRequest,
)


class Artifacts(Protocol):
    """Immutable bytes by content hash, and published objects by key."""

    async def put(self, data: bytes, media_type: str) -> ArtifactRef:
        """Store; the same bytes twice are one object."""

    async def get(self, ref: ArtifactRef) -> bytes:
        """Read and verify against the hash. Raises NotFound, Corrupted."""

    async def publish(self, key: str, data: bytes, media_type: str) -> str:
        """Store under a key such as `bundles/NAME/1.0.0.tar.gz`, read it back, return its URL (`file:` or `s3:`)."""

    async def read(self, key: str) -> bytes:
        """What was published under `key`. Raises NotFound."""

    async def remove(self, key: str) -> None:
        """Remove what was published under `key`; nothing there is fine."""

    async def published(self, prefix: str = "") -> list[str]:
        """Keys published under `prefix`, sorted."""


class Integrations(Protocol):
    """The life cycle in the database. Each change writes row, event (outbox) and audit entry in one transaction."""

    async def accept(self, cmd: CreateIntegration, *, workflow_id: str, run_id: str) -> Integration:
        """Create the row in stage REQUESTED, with the event `integration.created`. Repeated: returns the row.

        Raises NameTaken if `cmd.request.name` is given and an integration that is not failed or retired has it.
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
    ) -> Integration:
        """Move to `stage`, with the event `integration.stage_changed` (ACTIVATED/FAILED for those stages).

        Sets `version` and `url` where given; FAILED stores `detail` as `failure`, clears `url` and frees the name.
        Repeated with the same `key`: no second event. Raises Conflict if `lifecycle.may_follow` refuses.
        """

    async def record_version(self, version: Version, *, key: str) -> None:
        """Insert or replace the version of (integration, version), with the event `integration.version_recorded`."""

    async def discard_version(self, integration_id: str, version: str) -> None:
        """Undo of record_version; nothing there is fine."""

    async def record_review(self, integration_id: str, version: str, review: Review) -> None:
        """Store a review that counted, once per review id, with the event `integration.reviewed`."""

    async def register(self, entry: RegistryEntry) -> None:
        """Put the entry into the registry (one living entry per name)."""

    async def deregister(self, integration_id: str, version: str) -> None:
        """Undo of register."""

    async def get(self, integration_id: str) -> Integration:
        """Raises NotFound."""

    async def find(self, name_or_id: str) -> Integration:
        """By id, or by name (the living one, else the newest with this name). Raises NotFound."""

    async def by_pull_request(self, repo: str, number: int) -> Integration | None: ...

    async def by_issue(self, issue: IssueRef) -> Integration | None: ...

    async def page(self, *, organization_id: str, cursor: str | None, limit: int, stage: Stage | None = None) -> Page:
        """Newest first."""

    async def versions(self, integration_id: str) -> list[Version]: ...

    async def entry(self, integration_id: str) -> RegistryEntry | None: ...

    async def events(self, integration_id: str, *, after: int = 0) -> list[Event]:
        """Events with a sequence greater than `after`, in order."""

    async def audit(self, integration_id: str) -> list[AuditEntry]: ...


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
    """Money: reserved before it is spent, settled to what was used; turns bought are recorded once."""

    async def find(self, run: str, number: int) -> Turn | None: ...

    async def reserve(self, run: str, number: int, *, tokens: int, usd: Decimal, budget: Budget) -> None:
        """Reserve a turn's worst case, atomically. Repeated for the same turn: replaces its reservation.

        Raises BudgetExceeded (details: spent and budget) if it does not fit; nothing is reserved then.
        """

    async def record(self, turn: Turn) -> None:
        """Record a bought turn and settle its reservation, in one transaction; the first record of a turn stays."""

    async def release(self, run: str, number: int) -> None:
        """Drop the reservation of a turn that was certainly not bought."""

    async def spent(self, run: str) -> Spent: ...


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


class Claude(Protocol):
    """The Messages API."""

    def price(self, model: str) -> Price:
        """From the dated table in configuration. Raises InvalidInput for a model without a price."""

    async def count_tokens(self, conversation: Conversation) -> int: ...

    async def answer(self, conversation: Conversation, *, on_progress: Callable[[str], None]) -> Answer:
        """One turn, streamed. `on_progress` gets each piece of text or tool input as it comes."""


class CodeHost(Protocol):
    """Repositories, issues and pull requests."""

    async def push(
        self, repo: str, branch: str, *, files: Mapping[str, str], folder: str, message: str, key: str
    ) -> Branch:
        """Make `branch` from the default branch's head with one commit that sets `folder` to exactly `files`.

        If the branch exists with our key in its head commit's trailer (`Ccb-Key: …`), or holds exactly `files`, it is
        returned as it is. If it is ours otherwise (a commit of it has one of our keys), a commit with the new content
        is added on top, whoever wrote the last one. If it is not ours: Conflict.
        """

    async def delete_branch(self, repo: str, branch: str) -> None:
        """Nothing there is fine."""

    async def open_pull_request(self, branch: Branch, *, title: str, body: str, key: str) -> PullRequest:
        """The open pull request of this branch, made if need be, its title and body set."""

    async def pull_request(self, repo: str, number: int) -> PullRequest: ...

    async def close_pull_request(self, repo: str, branch: str, *, comment: str) -> None:
        """Close the open pull request of `branch`, saying why; nothing there, or merged, is fine."""

    async def merge(self, pull: PullRequest, *, message: str) -> Merge:
        """Merge if its head is still `pull.head_sha`, and read it back; already merged: returns that merge.

        Raises ContentChanged if the head has moved.
        """

    async def revert(self, repo: str, *, folder: str, branch: str, message: str, key: str) -> None:
        """Undo of a merge of `branch`: one commit that returns `folder` to what it was before the merge.

        Does nothing if the branch's pull request was never merged or the folder is already back.
        """

    async def files(self, repo: str, ref: str, folder: str) -> dict[str, str]:
        """The text files below `folder` at `ref`, paths relative to it; empty if there is none."""

    async def upsert_comment(self, issue: IssueRef, *, key: str, body: str) -> CommentRef:
        """The one comment that carries our hidden marker for `key`, made or edited."""

    async def bot_login(self) -> str: ...


class Chat(Protocol):
    """Messages to people."""

    async def post(self, channel: str, message: ChatMessage, *, key: str) -> MessageRef:
        """Post once per key: a message with this key in its metadata is found and returned."""

    async def update(self, ref: MessageRef, message: ChatMessage) -> None: ...

    async def delete(self, ref: MessageRef) -> None:
        """Nothing there is fine."""

    async def find(self, channel: str, *, key: str) -> MessageRef | None: ...


class ApiDocuments(Protocol):
    """Reading OpenAPI documents. Pure but for `fetch`."""

    async def fetch(self, url: str) -> bytes:
        """Raises Unreachable, DocumentTooLarge."""

    def normalise(self, data: bytes) -> bytes:
        """JSON or YAML in, canonical JSON out (UTF-8, sorted keys). Raises InvalidDocument, DocumentTooLarge.

        Refused, each with its own sentence: not JSON or YAML; no `openapi` field; Swagger 2.0; not 3.x; no operations;
        a reference that leads back to itself without a schema between, or to another file, or nowhere; a document that
        contains itself (YAML aliases) or expands beyond bounds; too deep.
        """

    def server(self, document: bytes, *, fetched_from: str | None) -> str | None:
        """The base URL: the first server, relative to where the document came from (OpenAPI 3.1.1 §4.8.5)."""

    def summary(self, document: bytes) -> str:
        """Title, version, servers, security schemes and number of operations; at most 2,000 characters."""

    def search(self, document: bytes, query: str, limit: int) -> str: ...

    def operation(self, document: bytes, method: str, path: str) -> str:
        """As described in tools.ReadOperation; at most 60,000 characters. Raises NotFound with near names."""

    def schema(self, document: bytes, name: str) -> str:
        """As described in tools.ReadSchema. Raises NotFound with near names."""


class Checks(Protocol):
    """Validators and tests. Generated code is hostile: all of it runs in the sandbox only."""

    async def check(self, files: Mapping[str, str], *, heartbeat: Callable[[str], None]) -> CheckReport: ...

    async def test(self, files: Mapping[str, str], *, heartbeat: Callable[[str], None]) -> TestReport:
        """A failing or crashing test run is a result, not an error."""


class Target(Protocol):
    """Where versions run, and the stable URL in front of them."""

    async def start(
        self,
        spec: DeploymentSpec,
        bundle: bytes,
        *,
        configuration: Mapping[str, str],
        secrets: Mapping[str, SecretStr],
        heartbeat: Callable[[str], None],
    ) -> DeploymentStatus:
        """Install and start; returns when the process is started, not yet healthy. Repeated: finds it running."""

    async def status(self, deployment_id: str) -> DeploymentStatus:
        """Asks the deployment's own health check. State `absent` if there is none."""

    async def switch(self, name: str, deployment_id: str | None) -> str:
        """Point the stable URL of `name` at the deployment (None: at nothing), read it back, return the URL."""

    async def live(self, name: str) -> str | None:
        """The deployment id the stable URL points at."""

    async def stop(self, deployment_id: str) -> None:
        """Stop and remove it with its files; nothing there is fine. Its logs stay."""

    async def logs(self, deployment_id: str, *, limit: int) -> list[LogLine]: ...

    def follow(self, deployment_id: str) -> AsyncIterator[LogLine]: ...


class Runs(Protocol):
    """Starting, steering and asking runs. Raises NotFound for a run that is not there, and what the run refuses."""

    async def start_create(self, cmd: CreateIntegration) -> RunAccepted:
        """Start the saga and return once its row is written. The same integration id again: the first answer.

        Raises what the run refuses the request with (InvalidDocument, Unreachable, NameTaken, …).
        """

    async def submit_review(self, integration_id: str, review: Review) -> RunStatus: ...

    async def abandon(self, integration_id: str, cmd: Abandon) -> RunStatus: ...

    async def raise_budget(self, integration_id: str, cmd: RaiseBudget) -> RunStatus: ...

    async def head_moved(self, integration_id: str, moved: HeadMoved) -> None:
        """Tell a run that its pull request's branch has a commit of somebody else's."""

    async def secrets_changed(self, integration_id: str) -> None:
        """Wake a run that waits for secrets; a run that does not is left alone."""

    async def status(self, integration_id: str) -> RunStatus:
        """Live, with the conversation under way."""


class Inbox(Protocol):
    """Reads deliveries of one source. Holds no write credentials."""

    async def interpret(self, delivery: Delivery, body: bytes) -> Intent: ...
