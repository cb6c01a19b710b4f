"""Reports: what the validators and the tests found. Stored as SARIF 2.1.0 and JUnit XML; summarised here."""

from enum import StrEnum

from pydantic import Field

from domain.artifacts import ArtifactRef
from domain.base import Data


class Kind(StrEnum):
    """The five kinds of validation, and what is said of the tests themselves."""

    SYNTAX = "syntax"
    TYPES = "types"
    SECURITY = "security"
    PERFORMANCE = "performance"
    COMPLIANCE = "compliance"
    TESTS = "tests"


class Level(StrEnum):
    """SARIF 2.1.0 §3.27.10."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Effect(StrEnum):
    """What a finding does, by the policy: keeps a version from review, asks for a person's eye, or is only noted."""

    BLOCK = "block"
    PERSON = "person"
    NOTE = "note"


class Finding(Data):
    """One thing found, at one place, with a fix in words where there is one. `line` counts from 1; 0 means the file.

    Validators say how bad it is (`level`); the policy says what it does (`effect`).
    """

    kind: Kind = Kind.SYNTAX
    tool: str
    rule: str
    level: Level
    message: str
    path: str = ""
    line: int = 0
    fix: str = ""
    effect: Effect = Effect.BLOCK

    def line_of_text(self) -> str:
        """The finding on one line, for Claude and for people."""
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place} {self.tool} {self.rule}: {self.message} {self.fix}".strip()


class CheckReport(Data):
    """What the validators found. `report` is the SARIF file, `sbom` CycloneDX JSON, `lock` PEP 751, `measured` JSON.

    They are None where the sources were too broken to get that far, which is a blocking finding too.
    """

    findings: list[Finding]
    report: ArtifactRef
    sbom: ArtifactRef | None = None
    lock: ArtifactRef | None = None
    measured: ArtifactRef | None = None
    seconds: float

    @property
    def blocking(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.effect is Effect.BLOCK]

    @property
    def for_a_person(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.effect is Effect.PERSON]


class TestFailure(Data):
    __test__ = False

    name: str
    message: str


class MutationScore(Data):
    """How many small faults, put into the code one at a time, the tests noticed.

    `sampled` mutants were tried of `possible`; the rest were left out to bound the time.
    """

    killed: int = Field(ge=0)
    sampled: int = Field(ge=0)
    possible: int = Field(ge=0)

    @property
    def share(self) -> float:
        """Between 0 and 1; code with nothing to break scores 1."""
        return self.killed / self.sampled if self.sampled else 1.0


class TestReport(Data):
    """What the tests did. `report` is the JUnit XML file; `error` says why they could not be run at all.

    `findings` is what is wrong with the tests themselves, such as mutants that they let live.
    """

    __test__ = False

    passed: int
    failed: int
    skipped: int
    failures: list[TestFailure] = []
    mutation: MutationScore | None = None
    findings: list[Finding] = []
    report: ArtifactRef | None = None
    error: str = ""
    seconds: float

    @property
    def ok(self) -> bool:
        blocked = any(finding.effect is Effect.BLOCK for finding in self.findings)
        return not self.error and self.failed == 0 and self.passed > 0 and not blocked


class TestCounts(Data):
    __test__ = False

    passed: int
    failed: int
    skipped: int = 0
