"""Unit tests in one round, or in two: what passes only in one of them is flaky."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.validation import junit
from adapters.validation.testing import Tests
from adapters.validation.validator import Heartbeat
from adapters.validation.workspace import Workspace
from domain.ports import Artifacts
from domain.testing import Case, CaseCounts, CaseOutcome, UnitReport, merged

# What XML 1.0 cannot hold.
_UNWRITABLE = {code: "\ufffd" for code in range(0x20) if code not in {0x9, 0xA, 0xD}} | {
    0xFFFE: "\ufffd",
    0xFFFF: "\ufffd",
}

THE_RUN = "the test run"
"""The name under which it is told that the tests could not be run to their end."""


@dataclass(frozen=True)
class Rounds:
    """Runs the tests; if any fails, or the run itself does, once more in a jail of its own."""

    tests: Tests
    artifacts: Artifacts

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> UnitReport:
        first, cases = await self.tests.round(workspace, heartbeat=heartbeat)
        if not first.error and first.failed == 0:
            return await self._told(merged(cases, None), rounds=1, error="")
        second, again = await self.tests.round(workspace, heartbeat=heartbeat)
        return await self._told(merged(cases, again), rounds=2, error=second.error)

    async def _told(self, cases: Sequence[Case], *, rounds: int, error: str) -> UnitReport:
        told = list(cases)
        if error:
            told.append(Case(name=THE_RUN, outcome=CaseOutcome.FAILED, message=error))
        report = await self.artifacts.put(written(told), junit.MEDIA_TYPE)
        return UnitReport(cases=told, rounds=rounds, report=report)


def written(cases: Sequence[Case]) -> bytes:
    """JUnit XML; a flaky test has a `flakyFailure`, as Maven Surefire's schema has it, and counts as passed there."""
    counts = CaseCounts.of(cases)
    numbers: Mapping[str, str] = {
        "name": "tests",
        "tests": str(len(cases)),
        "failures": str(counts.failed),
        "skipped": str(counts.skipped),
        "errors": "0",
    }
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", dict(numbers))
    tags = {CaseOutcome.FAILED: "failure", CaseOutcome.FLAKY: "flakyFailure", CaseOutcome.SKIPPED: "skipped"}
    for case in cases:
        place, _, name = case.name.translate(_UNWRITABLE).rpartition("::")
        one = ET.SubElement(suite, "testcase", {"classname": place, "name": name})
        if case.outcome in tags:
            said = case.message.translate(_UNWRITABLE)
            ET.SubElement(one, tags[case.outcome], {"message": said[:200]}).text = said
    data: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return data
