"""What a failed run leaves behind, so that a retry goes on from there and redoes nothing still valid."""

from pydantic import AwareDatetime

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.conversation import Budget, Spent
from domain.ids import ContentHash, IntegrationId
from domain.lifecycle import Operation, Stage
from domain.operations import LaterWork
from domain.plan import Name, Plan
from domain.reports import Finding, TestCounts
from domain.review import Review
from domain.runs import CreateIntegration, DocumentSource


class Proven(Data):
    """Files that are checked and tested, under the hash that approvals bind to, with the verdict over them."""

    workspace: ArtifactRef
    plan: ArtifactRef
    content_hash: ContentHash
    checks: ArtifactRef
    tests: ArtifactRef | None
    sbom: ArtifactRef | None
    lock: ArtifactRef | None
    measured: ArtifactRef | None
    verdict: ArtifactRef | None
    document: ArtifactRef | None = None
    source: DocumentSource | None = None
    base_url: str = ""
    previous: ArtifactRef | None = None
    counts: TestCounts
    findings: int
    for_a_person: list[Finding] = []


class Writing(Data):
    """How far the writing of a version is. `unanswered`: the conversation ends with something for Claude to do.

    Turns that were bought for it already are in the books: talking on from here does not buy them again.
    """

    plan: ArtifactRef
    conversation: ArtifactRef
    workspace: ArtifactRef
    baseline: ArtifactRef | None = None
    unanswered: bool = True


class Checkpoint(Data):
    """How far the run `run_id` came before it failed in `stage`. What is None was not reached, or is no longer valid.

    `account` is what its turns are recorded under, and `next_turn` the first one that no finished conversation used:
    a retry goes on with both, so that what was spent counts on. `reviews` are those that were not void;
    `serving` is the version that an update goes out from.
    """

    integration_id: IntegrationId
    run_id: str
    operation: Operation
    stage: Stage
    at: AwareDatetime
    account: str
    next_turn: int = 1
    conversations: int = 0
    spent: Spent = Spent()
    budget: Budget
    name: Name | None = None
    version: str = ""
    document: ArtifactRef | None = None
    base_url: str = ""
    analysis: ArtifactRef | None = None
    plan: Plan | None = None
    writing: Writing | None = None
    proven: Proven | None = None
    reviews: list[Review] = []
    serving: str | None = None

    @property
    def begins(self) -> Stage:
        """The stage in which a retry begins."""
        if self.proven is not None or (self.writing is not None and not self.writing.unanswered):
            return Stage.TESTING
        return Stage.GENERATING if self.plan is not None else Stage.ANALYZING


class Kept(Data):
    """A checkpoint, and the command that the run was started with."""

    work: CreateIntegration | LaterWork
    checkpoint: Checkpoint


class CheckpointOf(Data):
    integration_id: IntegrationId
    run_id: str
