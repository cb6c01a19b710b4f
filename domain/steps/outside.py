"""Steps that are seen outside: code host, chat, deployment target."""

from pydantic import Field

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.ids import ContentHash, DeploymentId, IntegrationId, route
from domain.operations import Environment, Rollout
from domain.plan import Name
from domain.reports import Finding, TestCounts
from domain.vendors import (
    Branch,
    ChatMessage,
    CommitSha,
    DeploymentSpec,
    Form,
    IssueRef,
    MessageRef,
    PullRequest,
    Reply,
    RepoName,
    TicketRef,
)


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


class Succeeding(Data):
    """Which version a new one takes the place of, and the files of both."""

    before: str
    version: str
    files_before: ArtifactRef
    files: ArtifactRef


class OpenPullRequest(Data):
    branch: Branch
    title: str
    plan: ArtifactRef
    content_hash: ContentHash
    findings: int
    for_a_person: list[Finding] = []
    tests: TestCounts
    usd: str
    requester: str
    issue: IssueRef | None = None
    ticket: TicketRef | None = None
    key: str
    succeeding: Succeeding | None = None


class ClosePullRequest(Data):
    repo: RepoName
    branch: str
    comment: str


class MergePullRequest(Data):
    pull_request: PullRequest
    message: str


class RevertMerge(Data):
    """`number` is the pull request's: a branch of the same name may have been merged by an earlier run."""

    repo: RepoName
    folder: str
    branch: str
    message: str
    key: str
    number: int | None = None


class ReadHead(Data):
    """`proven` is what was put to review: what the plan gives is taken from there."""

    pull_request: PullRequest
    folder: str
    proven: ArtifactRef


class Head(Data):
    """What the pull request's branch holds now."""

    head_sha: CommitSha
    workspace: ArtifactRef


class CommitOf(Data):
    repo: RepoName
    sha: CommitSha


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
    ref: MessageRef | None = Field(default=None, description="None: found by its key.")
    post: bool = Field(default=False, description="Post it where there is none; otherwise there is nothing to say.")


class AnswerPerson(Data):
    """Only they see it."""

    reply: Reply
    message: ChatMessage


class OpenForm(Data):
    trigger: str
    form: Form


class ShowHome(Data):
    user: str
    message: ChatMessage


class PublishBundle(Data):
    """A version's files and what proves them, under `key`."""

    key: str
    workspace: ArtifactRef
    checks: ArtifactRef | None = None
    tests: ArtifactRef | None = None
    sbom: ArtifactRef | None = None
    lock: ArtifactRef | None = None
    verdict: ArtifactRef | None = None


class Published(Data):
    key: str
    url: str
    bundle: ArtifactRef


class Unpublish(Data):
    key: str


class Deploy(Data):
    spec: DeploymentSpec
    integration_id: IntegrationId
    environment: Environment = Environment.PRODUCTION


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
    environment: Environment = Environment.PRODUCTION

    @property
    def route(self) -> str:
        """The name of its stable URL."""
        return route(self.name, self.environment)


class Split(Data):
    """Send `percent` of the requests of its stable URL to `candidate`."""

    candidate: DeploymentOf
    percent: int = Field(ge=1, le=99)


class JudgeRollout(Data):
    """Compare the requests of the last `old_seconds` at the old deployment with those of `new_seconds` at the new."""

    rollout: Rollout
    old: DeploymentOf
    new: DeploymentOf
    old_seconds: float = Field(gt=0)
    new_seconds: float = Field(gt=0)


class Switched(Data):
    url: str


class RestoreRoute(Data):
    """Undo of a split and a switch: all requests to `back_to`, if some go to `away_from`."""

    name: Name
    away_from: DeploymentId
    back_to: DeploymentId | None
    environment: Environment = Environment.PRODUCTION

    @property
    def route(self) -> str:
        """The name of the stable URL."""
        return route(self.name, self.environment)
