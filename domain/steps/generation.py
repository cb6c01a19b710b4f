"""Steps of reading, talking with Claude, and proving what came of it."""

from typing import Literal

from pydantic import Field

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.conversation import Budget, Spent, StopReason
from domain.ids import DEFAULT_ORGANIZATION, ContentHash
from domain.plan import Plan
from domain.reports import Effect, Finding, MutationScore, TestCounts, TestFailure
from domain.runs import (
    DocumentSource,
    Ending,
    IntegrationRequest,
)


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
    organization_id: str = DEFAULT_ORGANIZATION


class BeginUpdate(Data):
    """A new version is to be planned: `before` is the plan of the one that serves, `built_for` the API's document then.

    `evidence` is what shows the need: it was found outside, and is data.
    """

    request: IntegrationRequest
    document: ArtifactRef
    base_url: str
    organization_id: str = DEFAULT_ORGANIZATION
    kind: str = "request"
    version: str
    before: ArtifactRef
    built_for: ArtifactRef | None = None
    evidence: ArtifactRef | None = None


class UpdateBegun(Data):
    """The conversation about a new version, and the plan of the one before."""

    conversation: ArtifactRef
    before: Plan


class BeginGeneration(Data):
    request: IntegrationRequest
    document: ArtifactRef
    plan: Plan
    version: str
    author: str
    organization_id: str = DEFAULT_ORGANIZATION
    previous: ArtifactRef | None = None


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
    organization_id: str = DEFAULT_ORGANIZATION
    live: str | None = Field(default=None, description="What watchers know the run by, if not by `run`.")


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
    baseline: ArtifactRef | None = None


class ToolsExecuted(Data):
    """`baseline` is the workspace as it was when its tests were first run."""

    conversation: ArtifactRef
    workspace: ArtifactRef | None = None
    baseline: ArtifactRef | None = None
    ending: Ending | None = None


class ProveVersion(Data):
    """Which files to check or test. `baseline` and `previous` are as in the port `Checks`."""

    workspace: ArtifactRef
    baseline: ArtifactRef | None = None
    previous: ArtifactRef | None = None


class Checked(Data):
    """What the validators found. `blocking` goes back to Claude, `for_a_person` to the reviewers; all is in the report.
    Of both there are some; `effects` has all their numbers.

    `sbom`, `lock` and `measured` are as in domain.reports.CheckReport.
    """

    blocking: list[Finding]
    for_a_person: list[Finding] = []
    total: int
    effects: dict[Effect, int] = {}
    report: ArtifactRef
    sbom: ArtifactRef | None = None
    lock: ArtifactRef | None = None
    measured: ArtifactRef | None = None


class Tested(Data):
    """`findings` is what is wrong with the tests themselves, such as mutants that they let live."""

    ok: bool
    counts: TestCounts
    failures: list[TestFailure] = []
    mutation: MutationScore | None = None
    findings: list[Finding] = []
    error: str = ""
    report: ArtifactRef | None = None


class SealVersion(Data):
    """Files with what was found of them: what the verdict is signed over."""

    workspace: ArtifactRef
    name: str
    version: str
    checks: ArtifactRef
    tests: ArtifactRef | None = None
    sbom: ArtifactRef | None = None
    lock: ArtifactRef | None = None


class Sealed(Data):
    """A workspace under its content hash, which an approval binds to; `verdict` is the signed statement over it."""

    content_hash: ContentHash
    files: int
    bytes: int
    verdict: ArtifactRef | None = None
