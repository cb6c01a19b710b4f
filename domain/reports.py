"""Reports: what a validator or a test run found. Stored as SARIF 2.1.0 and JUnit XML; summarised here."""

from enum import StrEnum

from domain.artifacts import ArtifactRef
from domain.base import Data


class Level(StrEnum):
    """SARIF 2.1.0 §3.27.10."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(Data):
    """One thing found, at one place, with a fix in words where there is one. `line` counts from 1; 0 means the file."""

    tool: str
    rule: str
    level: Level
    message: str
    path: str = ""
    line: int = 0
    fix: str = ""


class CheckReport(Data):
    """What the validators found. `report` is the SARIF file. `blocking` findings keep a version from review."""

    findings: list[Finding]
    report: ArtifactRef
    seconds: float

    @property
    def blocking(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level is Level.ERROR]


class TestFailure(Data):
    __test__ = False

    name: str
    message: str


class TestReport(Data):
    """What the tests did. `report` is the JUnit XML file; `error` says why they could not be run at all."""

    __test__ = False

    passed: int
    failed: int
    skipped: int
    failures: list[TestFailure] = []
    report: ArtifactRef | None = None
    error: str = ""
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.error and self.failed == 0 and self.passed > 0


class TestCounts(Data):
    __test__ = False

    passed: int
    failed: int
    skipped: int = 0
