"""What a version's reports say, read from the reports themselves: a claim about them counts for nothing.

They come out of processes that handle hostile code, so they are bounded, and what cannot be read proves nothing.
"""

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping

from pydantic import BaseModel, ValidationError

from domain.errors import NotProven
from domain.proving import ProvingPolicy
from domain.reports import Effect, Finding, Kind, Level, TestCounts

MAX_BYTES = 16_000_000
"""Of one report: SARIF of a version with thousands of findings has some 2 MB."""


class _Message(BaseModel):
    text: str = ""


class _Properties(BaseModel):
    kind: Kind | None = None
    effect: Effect | None = None


class _Result(BaseModel):
    ruleId: str = ""  # noqa: N815 - SARIF's name
    level: Level = Level.WARNING  # SARIF 2.1.0 §3.27.10: what is meant where it is absent
    message: _Message = _Message()
    properties: _Properties = _Properties()

    @property
    def effect(self) -> Effect:
        """What the policy said; without it, an error blocks."""
        return self.properties.effect or (Effect.BLOCK if self.level is Level.ERROR else Effect.PERSON)


class _Driver(BaseModel):
    name: str


class _Tool(BaseModel):
    driver: _Driver


class _Run(BaseModel):
    tool: _Tool
    results: list[_Result] = []


class _Sarif(BaseModel):
    runs: list[_Run]


class _Property(BaseModel):
    name: str
    value: str = ""


class _Component(BaseModel):
    name: str
    version: str = ""
    properties: list[_Property] = []


class _Metadata(BaseModel):
    component: _Component


class _Sbom(BaseModel):
    metadata: _Metadata
    components: list[_Component] = []


CONTENT_HASH = "ccb:content-hash"
"""The property of an SBOM's own component that binds it to the files."""


def findings(sarif: bytes) -> Counter[Effect]:
    """How many findings have which effect. Raises NotProven if it is no SARIF of at least one tool's run."""
    return Counter(result.effect for run in _runs(sarif) for result in run.results)


def tests(junit: bytes) -> TestCounts:
    """How the tests ended. Raises NotProven if it is no JUnit XML."""
    text = _bounded(junit, "tests").decode("utf-8", "replace")
    # Without a document type there are no entities to expand.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NotProven("The report of the tests declares a document type, so it is not read.")
    try:
        cases = list(ET.fromstring(text).iter("testcase"))  # noqa: S314 (there is no document type)
    except (ET.ParseError, ValueError) as error:
        raise NotProven(f"The report of the tests is not JUnit XML: {error}.") from error
    failed = sum(any(part.tag in {"failure", "error"} for part in case) for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    return TestCounts(passed=len(cases) - failed - skipped, failed=failed, skipped=skipped)


def packages(sbom: bytes, *, content_hash: str) -> int:
    """How many packages the SBOM names. Raises NotProven if it is no CycloneDX, or one of other files."""
    try:
        read = _Sbom.model_validate_json(_bounded(sbom, "components (SBOM)"))
    except ValidationError as error:
        raise NotProven("The SBOM is not CycloneDX JSON.") from error
    if {one.value for one in read.metadata.component.properties if one.name == CONTENT_HASH} != {content_hash}:
        raise NotProven("The SBOM is of other files: it does not name the content hash of these.")
    return len(read.components)


def require(*, sarif: bytes, junit: bytes, policy: ProvingPolicy | None = None) -> None:
    """Raises NotProven unless nothing blocks, no test fails, and at least one passes.

    A finding blocks if the report says so, or if `policy` does, should the validators have gone by another.
    """
    blocking = [result for run in _runs(sarif) for result in run.results if _blocks(run, result, policy)]
    if blocking:
        first = blocking[0]
        raise NotProven(
            f"{len(blocking)} findings block it. First: {first.ruleId}: {first.message.text[:300]}",
            findings=len(blocking),
        )
    counts = tests(junit)
    if counts.failed or not counts.passed:
        raise NotProven(f"Of its tests {counts.passed} pass and {counts.failed} fail.", **_plain(counts))


def _plain(counts: TestCounts) -> Mapping[str, int]:
    return {"passed": counts.passed, "failed": counts.failed}


def _blocks(run: _Run, result: _Result, policy: ProvingPolicy | None) -> bool:
    if result.effect is Effect.BLOCK or policy is None or result.properties.kind is None:
        return result.effect is Effect.BLOCK
    found = Finding(
        kind=result.properties.kind,
        tool=run.tool.driver.name,
        rule=result.ruleId,
        level=result.level,
        message=result.message.text,
    )
    return policy.judged(found).effect is Effect.BLOCK


def _runs(sarif: bytes) -> list[_Run]:
    try:
        runs = _Sarif.model_validate_json(_bounded(sarif, "checks")).runs
    except ValidationError as error:
        raise NotProven("The report of the checks is not SARIF 2.1.0.") from error
    if not runs:
        raise NotProven("The report of the checks names no tool: nothing was checked.")
    return runs


def _bounded(report: bytes, what: str) -> bytes:
    if len(report) > MAX_BYTES:
        raise NotProven(f"The report of the {what} is larger than {MAX_BYTES // 1_000_000} MB.")
    return report
