"""Tests of a version that is there already: what is asked for, what came of it, and how that compares with the last.

Workflow names are frozen wire names: a rename strands what is in flight.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue

from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.ids import DEFAULT_ORGANIZATION, IntegrationId, TestRunId
from domain.operations import VersionNumber
from domain.people import Actor
from domain.plan import Name
from domain.reports import Effect, Finding
from domain.vendors import CommitSha, RepoName

TEST_WORKFLOW = "TestVersion"
NIGHTLY_WORKFLOW = "NightlyTests"
STATUS_CONTEXT = "ccb/tests"
RECORDINGS = "tests/recordings/"
"""Where a version keeps what the outside API once answered: JSON files, each a list of exchanges."""

MAX_CASES = 1_000
"""Tests that are kept by name. Counts, and the JUnit file, have them all."""
SHOWN = 50
"""Tests that did not pass, and differences, that a summary names."""


class Trigger(StrEnum):
    DEMAND = "demand"
    PUSH = "push"
    DEPLOYMENT = "deployment"
    NIGHTLY = "nightly"


class Outcome(StrEnum):
    """`flaky`: something passed only on a second try, and nothing failed. `error`: it could not be tested."""

    PASSED = "passed"
    FLAKY = "flaky"
    FAILED = "failed"
    ERROR = "error"


class Commit(Data):
    """A commit whose `folder` is tested as it is there."""

    repo: RepoName
    sha: CommitSha
    folder: str


class TestVersion(Data):
    """Input of TestVersion. Without `version` it is the one that serves; with `commit`, the files that it holds.

    `target_url` is where the commit status leads.
    """

    __test__ = False

    id: TestRunId
    integration_id: IntegrationId
    organization_id: str = DEFAULT_ORGANIZATION
    version: VersionNumber | None = None
    trigger: Trigger
    requester: Actor
    commit: Commit | None = None
    target_url: str = Field(default="", max_length=2000)


class CaseOutcome(StrEnum):
    PASSED = "passed"
    FLAKY = "flaky"
    FAILED = "failed"
    SKIPPED = "skipped"


class Case(Data):
    """One test. `message` says why it did not pass, where it did not; of a flaky one, why it did not at first."""

    name: str
    outcome: CaseOutcome
    message: str = ""


class CaseCounts(Data):
    passed: int = 0
    flaky: int = 0
    failed: int = 0
    skipped: int = 0

    @classmethod
    def of(cls, cases: Iterable[Case]) -> "CaseCounts":
        counted = dict.fromkeys(CaseOutcome, 0)
        for case in cases:
            counted[case.outcome] += 1
        return cls(**{outcome.value: number for outcome, number in counted.items()})


class UnitReport(Data):
    """What the unit tests did, in one or two rounds; that they did not come to their end is a failed case too."""

    cases: list[Case]
    rounds: int
    report: ArtifactRef


class Exchange(Data):
    """A request to the outside API and its answer. `path` is as in the API's document, without the base URL's."""

    method: Annotated[str, Field(pattern=r"^[A-Za-z]{3,7}$")]
    path: Annotated[str, Field(pattern=r"^/", max_length=1000)]
    status: int = Field(default=200, ge=100, le=599)
    body: JsonValue = None
    source: Literal["recorded", "example", "schema"] = "recorded"


class LiveAnswer(Data):
    """What a deployed integration answered to a capability's example. `status` 0 is no answer; `body` is bounded.

    `at_first` is why it was asked a second time, if it was.
    """

    capability: str
    status: int = 0
    media_type: str = ""
    body: str = ""
    error: str = ""
    at_first: str = ""


class ContractCase(Data):
    """One capability against the outside API: as recorded, as its document has it, or live through what is deployed."""

    capability: str
    source: Literal["recorded", "example", "schema", "live"]
    outcome: CaseOutcome
    status: int = 0
    message: str = ""

    @property
    def name(self) -> str:
        return f"contract::{self.capability} ({self.source})"


class Comparison(Data):
    """What is other than in the run `with_id`; of each kind, the first 50."""

    with_id: TestRunId
    newly_failing: list[str] = []
    newly_passing: list[str] = []
    newly_flaky: list[str] = []
    new_findings: list[Finding] = []


class Reports(Data):
    """SARIF 2.1.0, JUnit XML, and the answers of the deployed integration as JSON."""

    checks: ArtifactRef | None = None
    tests: ArtifactRef | None = None
    live: ArtifactRef | None = None


class TestRun(Data):
    """A test run; without `ended_at` it is under way. `unsteady` is what failed or was flaky, the first 50."""

    __test__ = False

    id: TestRunId
    integration_id: IntegrationId
    name: Name | None = None
    version: str
    trigger: Trigger
    requester: Actor
    commit: CommitSha | None = None
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    outcome: Outcome | None = None
    counts: CaseCounts = CaseCounts()
    contracts: CaseCounts = CaseCounts()
    findings: dict[Effect, int] = {}
    unsteady: list[Case] = []
    blocking: list[Finding] = []
    for_a_person: list[Finding] = []
    comparison: Comparison | None = None
    reports: Reports = Reports()
    error: str = ""
    untold: str = Field(default="", description="Why the commit status could not be set.")

    @property
    def description(self) -> str:
        """A line for people, at most 140 characters: as long as GitHub shows a status."""
        said = {
            Outcome.PASSED: "All tests passed",
            Outcome.FLAKY: "Flaky, passed only on a second try",
            Outcome.FAILED: "Tests or checks failed",
            Outcome.ERROR: "Could not be tested",
            None: "Tests are under way",
        }[self.outcome]
        if self.outcome in {None, Outcome.ERROR}:
            return f"{said}{': ' if self.error else ''}{self.error}"[:140]
        numbers = f"{self.counts.passed} passed, {self.counts.flaky} flaky, {self.counts.failed} failed"
        wrong = f"; contracts {self.contracts.failed} failed" if self.contracts.failed else ""
        blocked = f"; {self.findings[Effect.BLOCK]} findings block" if self.findings.get(Effect.BLOCK) else ""
        return f"{said}: {numbers}{wrong}{blocked}"[:140]


class TestRunDetail(TestRun):
    """A test run with each of its tests by name, the first 1,000; of the newest 30 runs of an integration."""

    cases: list[Case] = []


class NightlyTests(Data):
    """Input of NightlyTests: test what serves, `at_once` at a time.

    After so many `pages` of `page` integrations it goes on as a new run, with a short history: `after`, `tested` and
    `failed` carry on from the last page. `night` names the night, so that a test is started once; by default it is the
    day on which the run began.
    """

    at_once: int = Field(default=4, ge=1, le=100)
    page: int = Field(default=50, ge=1, le=500)
    pages: int = Field(default=50, ge=1)
    after: str = ""
    night: str = ""
    tested: int = 0
    failed: int = 0


class NightlyOutcome(Data):
    night: str
    tested: int
    failed: int


def decided(run: TestRun) -> Outcome:
    """The outcome of what was found."""
    if run.error:
        return Outcome.ERROR
    if run.counts.failed or run.contracts.failed or run.findings.get(Effect.BLOCK):
        return Outcome.FAILED
    return Outcome.FLAKY if run.counts.flaky or run.contracts.flaky else Outcome.PASSED


def merged(first: Mapping[str, Case], second: Mapping[str, Case] | None) -> list[Case]:
    """The tests of one round, or of two: what passed in one of them only is flaky, whichever it was.

    A test that a round does not name (it ended before) did not pass in it.
    """
    if second is None:
        return [first[name] for name in sorted(first)]
    return [_of_two(first.get(name), second.get(name)) for name in sorted(first.keys() | second.keys())]


def _of_two(first: Case | None, second: Case | None) -> Case:
    tries = [case for case in (first, second) if case is not None]
    outcomes = {case.outcome for case in tries}
    worst = next((case for case in tries if case.outcome is CaseOutcome.FAILED), tries[0])
    if outcomes == {CaseOutcome.SKIPPED}:
        return worst
    if CaseOutcome.PASSED not in outcomes:
        return worst
    if len(tries) == 2 and CaseOutcome.FAILED not in outcomes:
        return tries[-1]
    failed = worst.outcome is CaseOutcome.FAILED
    why = worst.message if failed else "One of the two runs ended before it."
    return Case(name=worst.name, outcome=CaseOutcome.FLAKY, message=why)


def compared(now: TestRunDetail, before: TestRunDetail) -> Comparison:
    """What changed since `before`. Findings are the same whatever line they have moved to."""
    then = {case.name: case.outcome for case in before.cases}

    def newly(outcome: CaseOutcome) -> list[str]:
        return [one.name for one in now.cases if one.outcome is outcome and then.get(one.name) is not outcome]

    unsteady = {CaseOutcome.FAILED, CaseOutcome.FLAKY}
    known = {_same(finding) for finding in (*before.blocking, *before.for_a_person)}
    return Comparison(
        with_id=before.id,
        newly_failing=newly(CaseOutcome.FAILED)[:SHOWN],
        newly_passing=[name for name in newly(CaseOutcome.PASSED) if then.get(name) in unsteady][:SHOWN],
        newly_flaky=newly(CaseOutcome.FLAKY)[:SHOWN],
        new_findings=[one for one in (*now.blocking, *now.for_a_person) if _same(one) not in known][:SHOWN],
    )


def _same(finding: Finding) -> tuple[str, ...]:
    return (finding.kind, finding.tool, finding.rule, finding.path, finding.message)
