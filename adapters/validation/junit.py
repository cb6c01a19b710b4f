"""Reading a JUnit XML file that hostile code may have written."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.reports import TestFailure
from domain.testing import Case, CaseOutcome

MEDIA_TYPE = "application/junit+xml"
MAX_BYTES = 4 << 20
_MAX_CASES = 10_000
_MAX_FAILURES = 100
_MAX_MESSAGE = 2_000


_FAILED = CaseOutcome.FAILED
_WORST = (_FAILED, CaseOutcome.PASSED, CaseOutcome.SKIPPED)


@dataclass(frozen=True)
class Results:
    """`cases` is each test by name; of those with one name, the worst."""

    passed: int
    failed: int
    skipped: int
    failures: Sequence[TestFailure]
    cases: Mapping[str, Case]


def parse(data: bytes) -> Results:
    """Count the test cases. An error, as in collection, counts as a failure. Raises ValueError with the reason."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"the report is larger than {MAX_BYTES >> 20} MiB")
    text = data.decode("utf-8")
    # Decoded first: in UTF-16 the words could not be seen. Without a document type there are no entities to expand.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("the report declares a document type")
    try:
        cases = list(ET.fromstring(text).iter("testcase"))  # noqa: S314 (there is no document type)
    except ET.ParseError as error:
        raise ValueError(f"the report is not XML: {error}") from error
    if len(cases) > _MAX_CASES:
        raise ValueError(f"the report names more than {_MAX_CASES} tests")
    read = [_case(case) for case in cases]
    failures = [TestFailure(name=case.name, message=case.message) for case in read if case.outcome is _FAILED]
    skipped = sum(case.outcome is CaseOutcome.SKIPPED for case in read)
    return Results(
        passed=len(cases) - len(failures) - skipped,
        failed=len(failures),
        skipped=skipped,
        failures=failures[:_MAX_FAILURES],
        # The last of a name stands, so the worst come last.
        cases={case.name: case for case in sorted(read, key=lambda case: -_WORST.index(case.outcome))},
    )


def _case(case: ET.Element) -> Case:
    wrong = [part for part in case if part.tag in {"failure", "error"}]
    if wrong:
        return Case(name=_name(case), outcome=_FAILED, message=_message(wrong[0]))
    skipped = case.find("skipped") is not None
    return Case(name=_name(case), outcome=CaseOutcome.SKIPPED if skipped else CaseOutcome.PASSED)


def _name(case: ET.Element) -> str:
    return "::".join(part for part in (case.get("classname", ""), case.get("name", "")) if part)[:300]


def _message(part: ET.Element) -> str:
    """The end of what went wrong, where pytest says it."""
    return ((part.text or "").strip() or part.get("message", ""))[-_MAX_MESSAGE:]
