"""The commands of the steps: one object in, one out, so that fields can be added later.

`key` is the run's workflow id and the step's name: the idempotency key of what the step does outside.
"""

from typing import Literal

from pydantic import Field

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.conversation import Budget, Spent, StopReason
from domain.ids import ContentHash, DeploymentId, IntegrationId
from domain.lifecycle import Stage
from domain.people import Actor
from domain.plan import Name, Plan
from domain.registry import RegistryEntry, Version
from domain.reports import Finding, TestCounts, TestFailure
from domain.review import Review
from domain.runs import (
    Abandon,
    CreateIntegration,
    DeliveryOutcome,
    DocumentSource,
    Ending,
    HeadMoved,
    IntegrationRequest,
)
from domain.vendors import Branch, ChatMessage, CommitSha, DeploymentSpec, IssueRef, MessageRef, PullRequest, RepoName


class Accept(Data):
    create: CreateIntegration
    workflow_id: str
    run_id: str


class ClaimName(Data):
    integration_id: IntegrationId
    name: Name


class EnterStage(Data):
    integration_id: IntegrationId
    stage: Stage
    key: str
    actor: Actor | None = None
    detail: str = ""
    version: str | None = None
    url: str | None = None


class RecordVersion(Data):
    version: Version
    key: str


class VersionOf(Data):
    integration_id: IntegrationId
    version: str


class RecordReview(Data):
    integration_id: IntegrationId
    version: str
    review: Review


class Register(Data):
    entry: RegistryEntry


class ExamineDocument(Data):
    source: DocumentSource
    base_url: str | None = None


class Examined(Data):
    """A document that can be worked with: its canonical form, and the API's base URL."""

    document: ArtifactRef
    base_url: str


class BeginAnalysis(Data):
    request: IntegrationRequest
    document: ArtifactRef
    base_url: str


class BeginGeneration(Data):
    request: IntegrationRequest
    document: ArtifactRef
    plan: Plan
    version: str
    author: str


class Drafted(Data):
    """A generation ready for its first turn: the conversation, the workspace it works on, the plan it follows."""

    conversation: ArtifactRef
    workspace: ArtifactRef
    plan: ArtifactRef


class ReportFindings(Data):
    """Findings and failures go back to Claude as data."""

    conversation: ArtifactRef
    findings: list[Finding] = []
    failures: list[TestFailure] = []
    error: str = ""


class RequestChanges(Data):
    """A reviewer's words go back to Claude."""

    conversation: ArtifactRef
    reviewer: str
    words: str


class Said(Data):
    """A conversation with the next thing said to Claude."""

    conversation: ArtifactRef


class TakeTurn(Data):
    run: str
    number: int
    conversation: ArtifactRef
    budget: Budget


class TurnTaken(Data):
    conversation: ArtifactRef
    tool_names: list[str]
    stop_reason: StopReason
    spent: Spent


class ExecuteTools(Data):
    purpose: Literal["analysis", "generation"]
    conversation: ArtifactRef
    document: ArtifactRef
    base_url: str
    stop_reason: StopReason
    workspace: ArtifactRef | None = None


class ToolsExecuted(Data):
    conversation: ArtifactRef
    workspace: ArtifactRef | None = None
    ending: Ending | None = None


class ProveVersion(Data):
    """Which files to check or test."""

    workspace: ArtifactRef


class Checked(Data):
    """What the validators found. `blocking` is what goes back to Claude; the rest is in the report."""

    blocking: list[Finding]
    total: int
    report: ArtifactRef


class Tested(Data):
    ok: bool
    counts: TestCounts
    failures: list[TestFailure] = []
    error: str = ""
    report: ArtifactRef | None = None


class Sealed(Data):
    """A workspace under its content hash: what an approval binds to."""

    content_hash: ContentHash
    files: int
    bytes: int


class Push(Data):
    repo: RepoName
    branch: str
    folder: str
    workspace: ArtifactRef
    message: str
    key: str


class BranchName(Data):
    repo: RepoName
    branch: str


class OpenPullRequest(Data):
    branch: Branch
    title: str
    plan: ArtifactRef
    content_hash: ContentHash
    findings: int
    tests: TestCounts
    usd: str
    requester: str
    issue: IssueRef | None = None
    key: str


class ClosePullRequest(Data):
    repo: RepoName
    branch: str
    comment: str


class MergePullRequest(Data):
    pull_request: PullRequest
    message: str


class RevertMerge(Data):
    repo: RepoName
    folder: str
    branch: str
    message: str
    key: str


class ReadHead(Data):
    pull_request: PullRequest
    folder: str


class Head(Data):
    """What the pull request's branch holds now."""

    head_sha: CommitSha
    workspace: ArtifactRef


class TellHeadMoved(Data):
    integration_id: str
    moved: HeadMoved


class CommentOnIssue(Data):
    issue: IssueRef
    key: str
    body: str


class PostMessage(Data):
    """`channel` None is the configured one."""

    channel: str | None = None
    message: ChatMessage
    key: str


class UpdateMessage(Data):
    key: str
    message: ChatMessage
    ref: MessageRef | None = Field(default=None, description="None: found by its key; not there is fine.")


class PublishBundle(Data):
    key: str
    workspace: ArtifactRef


class Published(Data):
    key: str
    url: str
    bundle: ArtifactRef


class Unpublish(Data):
    key: str


class Deploy(Data):
    spec: DeploymentSpec
    integration_id: IntegrationId


class NeedSecrets(Data):
    integration_id: IntegrationId
    names: list[str]


class Missing(Data):
    names: list[str]


class ForgetSecrets(Data):
    integration_id: IntegrationId


class DeploymentOf(Data):
    id: DeploymentId
    name: Name


class Switched(Data):
    url: str


class RestoreRoute(Data):
    """Undo of a switch: point the stable URL back, if it points at `away_from`."""

    name: Name
    away_from: DeploymentId
    back_to: DeploymentId | None


class StartCreate(Data):
    create: CreateIntegration


class ActOnReview(Data):
    integration_id: str
    review: Review


class StopRun(Data):
    integration_id: str
    abandon: Abandon


class FinishDelivery(Data):
    source: str
    id: str
    outcome: DeliveryOutcome
