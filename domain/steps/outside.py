"""Steps that are seen outside: code host, chat, deployment target."""

from pydantic import Field

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.ids import ContentHash, DeploymentId, IntegrationId
from domain.plan import Name
from domain.reports import Finding, TestCounts
from domain.vendors import Branch, ChatMessage, CommitSha, DeploymentSpec, IssueRef, MessageRef, PullRequest, RepoName


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
    for_a_person: list[Finding] = []
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
    """`proven` is what was put to review: what the plan gives is taken from there."""

    pull_request: PullRequest
    folder: str
    proven: ArtifactRef


class Head(Data):
    """What the pull request's branch holds now."""

    head_sha: CommitSha
    workspace: ArtifactRef


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
