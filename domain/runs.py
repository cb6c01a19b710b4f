"""What goes into a run and what comes out: the inputs, updates, queries and results of the workflows.

Workflow, update, query and activity names are frozen wire names: a rename strands what is in flight.
"""

from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, Field

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.conversation import Budget, Spent
from domain.errors import ErrorData
from domain.ids import DEFAULT_ORGANIZATION, ContentHash, IntegrationId
from domain.lifecycle import Operation, Stage
from domain.people import Actor
from domain.plan import Name, Plan
from domain.reports import TestCounts
from domain.review import Review, ReviewPolicy
from domain.vendors import CommitSha, IssueRef, PullRequest, RepoName, TicketRef

CREATE_WORKFLOW = "CreateIntegration"
CONVERSE_WORKFLOW = "Converse"
DELIVERY_WORKFLOW = "HandleDelivery"

ACCEPTED_UPDATE = "accepted"
REVIEW_UPDATE = "submit_review"
ABANDON_UPDATE = "abandon"
RAISE_BUDGET_UPDATE = "raise_budget"
PAUSE_UPDATE = "pause"
RESUME_UPDATE = "resume"
STATUS_QUERY = "status"
SECRETS_SIGNAL = "secrets_changed"
LIMITS_SIGNAL = "limits_changed"
HEAD_MOVED_SIGNAL = "head_moved"
PAUSE_SIGNAL = "pause"
RESUME_SIGNAL = "resume"

LIFECYCLE_QUEUE = "lifecycle"
CLAUDE_QUEUE = "claude"
BUILD_QUEUE = "build"
DEPLOY_QUEUE = "deploy"


class DocumentSource(Data):
    """Where the API document is: a URL to fetch, or an artifact that was uploaded. Exactly one of the two."""

    url: str | None = Field(default=None, max_length=2000)
    artifact: ArtifactRef | None = None


class IntegrationRequest(Data):
    """A request for an integration, as a person wrote it. `title` and `description` are untrusted text."""

    title: str = Field(min_length=1, max_length=300)
    description: str = Field(default="", max_length=100_000)
    document: DocumentSource
    name: Name | None = None
    base_url: str | None = Field(default=None, max_length=500)


class Retry(Data):
    """The run is started again by a person, from what the failed run `run_id` left behind."""

    run_id: str
    by: Actor


class Work(Data):
    """What every life-cycle run is told: whose it is, who asked, who decides, and what it may spend.

    `retry` is None at the first start.
    """

    integration_id: IntegrationId
    organization_id: str
    requester: Actor
    repository: RepoName
    issue: IssueRef | None = None
    ticket: TicketRef | None = None
    policy: ReviewPolicy = ReviewPolicy()
    budget: Budget = Budget()
    max_repairs: int = Field(default=3, ge=0, le=20)
    retry: Retry | None = None
    request_key: str = Field(default="", max_length=200, description="Asked again with the same key, it is one run.")


class CreateIntegration(Work):
    """Input of the CreateIntegration saga."""

    request: IntegrationRequest


class RunAccepted(Data):
    """Answer of the `accepted` update: the row and its event are written."""

    integration_id: IntegrationId
    workflow_id: str
    run_id: str


class Abandon(Data):
    """Stop the run and undo what it did."""

    by: Actor
    reason: str = Field(min_length=1, max_length=1000)


class Pause(Data):
    """Hold the run at its next step."""

    by: Actor
    reason: str = Field(min_length=1, max_length=1000)


class Resume(Data):
    """Let a paused run go on."""

    by: Actor


class HeadMoved(Data):
    """Somebody pushed a commit to the pull request's branch: what was approved before is void."""

    by: Actor
    head_sha: CommitSha
    number: int | None = Field(default=None, description="The pull request; a run with another one is not meant.")


class RaiseBudget(Data):
    by: Actor
    budget: Budget


class StageTime(Data):
    """A stage the run has been in. `seconds` counts all visits; it grows while the stage is the current one."""

    name: Stage
    entered_at: AwareDatetime
    seconds: float


class Waiting(Data):
    """What the run waits for, in words people read, and since when."""

    what: str
    since: AwareDatetime
    until: AwareDatetime | None = None


class Paused(Data):
    """Who paused the run, why and since when. `holds`: it stands already; before that, a step under way ends."""

    by: Actor
    reason: str
    since: AwareDatetime
    holds: bool

    def waiting(self, otherwise: Waiting | None = None) -> Waiting:
        """That the run waits for a person to resume it, and for what it waits `otherwise`."""
        then = f"; then for {otherwise.what}" if otherwise else ""
        what = f"a person to resume it: {self.by.name} paused it ({self.reason}){then}"
        return Waiting(what=what, since=self.since)


class Undone(Data):
    """What happened to one undo: `ok`, or what could not be undone, by name, and why."""

    step: str
    ok: bool
    error: str = ""


class Failure(Data):
    """Why a run failed, what was undone and what could not be."""

    error: ErrorData
    stage: Stage
    undone: list[Undone] = []


class RunStatus(Data):
    """Where a run stands: the answer of the `status` query. `progress` is between 0 and 1."""

    integration_id: IntegrationId
    operation: Operation = Operation.CREATE
    name: Name | None
    version: str
    stage: Stage
    step: str
    progress: float
    waiting: Waiting | None = None
    paused: Paused | None = None
    stages: list[StageTime]
    conversation: str | None = Field(default=None, description="Workflow id of the conversation under way.")
    plan: Plan | None = None
    content_hash: ContentHash | None = None
    pull_request: PullRequest | None = None
    tests: TestCounts | None = None
    reviews: list[Review] = []
    approvals_needed: int
    spent: Spent
    budget: Budget
    url: str | None = None
    failure: Failure | None = None
    untold: list[Undone] = Field(default=[], description="Who could not be told of the end, and why.")


class RunOutcome(Data):
    """Result of a life-cycle run."""

    integration_id: IntegrationId
    operation: Operation = Operation.CREATE
    name: Name | None
    version: str
    stage: Stage
    url: str | None = None
    pull_request: PullRequest | None = None
    content_hash: ContentHash | None = None
    failure: Failure | None = None


class Converse(Data):
    """Input of the Converse workflow: go on with a conversation until a tool ends it, or the budget does."""

    run: str
    purpose: Literal["analysis", "generation"]
    first_turn: int
    conversation: ArtifactRef
    workspace: ArtifactRef | None = None
    baseline: ArtifactRef | None = None
    document: ArtifactRef
    base_url: str
    budget: Budget
    organization_id: str = DEFAULT_ORGANIZATION
    integration_id: IntegrationId | None = None
    live: str | None = Field(default=None, description="What watchers know the run by, if not by `run`.")
    paused: bool = False


class Ending(Data):
    """How a conversation ended: a plan, a refusal, or files said to be finished."""

    kind: Literal["plan", "refused", "finished"]
    plan: Plan | None = None
    reason: str = ""
    summary: str = ""


class Conversed(Data):
    """Result of the Converse workflow. `next_turn` is the number the run's next turn gets."""

    ending: Ending
    conversation: ArtifactRef
    workspace: ArtifactRef | None
    baseline: ArtifactRef | None = None
    next_turn: int
    spent: Spent


class ConversationStatus(Data):
    """Answer of Converse's `status` query."""

    purpose: str
    turn: int
    step: str
    spent: Spent
    waiting: Waiting | None = None
    holds: bool = Field(default=False, description="It is paused, and stands before its next turn.")


DeliverySource = Literal["github", "slack", "linear", "jira"]


class Delivery(Data):
    """A webhook delivery that was verified and stored: input of HandleDelivery. `body` names the raw body."""

    source: DeliverySource
    id: str = Field(min_length=1, max_length=200)
    event: str
    received_at: AwareDatetime
    body: ArtifactRef
    attempt: int = Field(default=1, ge=1, description="From the second on it is a replay.")


class DeliveryOutcome(Data):
    """What a delivery led to, in one line."""

    action: Literal["started", "reviewed", "abandoned", "told", "ignored", "refused", "failed"]
    detail: str = ""
    integration_id: IntegrationId | None = None


def cents(usd: Decimal) -> str:
    """US dollars for people: four decimals, so that small runs do not read as free."""
    return f"${usd:.4f}"
