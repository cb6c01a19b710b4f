"""Steps of reading, talking with Claude, and proving what came of it."""

from typing import Literal

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.conversation import Budget, Spent, StopReason
from domain.ids import ContentHash
from domain.plan import Plan
from domain.reports import Finding, TestCounts, TestFailure
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
