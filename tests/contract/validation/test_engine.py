"""The engine: everything at once, judged by the policy, written as SARIF, and not done twice."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from adapters.artifacts import FileArtifacts
from adapters.validation.security.validator import Security
from adapters.validation.syntax.validator import Syntax
from adapters.validation.tool import FAILED, look
from adapters.validation.typed import Types
from adapters.validation.validator import Found, Heartbeat, Subject
from adapters.validation.workspace import Workspace
from domain.errors import InvalidInput, StorageUnavailable
from domain.proving import ProvingPolicy, Rule
from domain.reports import CheckReport, Effect, Finding, Kind, Level, MutationScore
from tests.contract.sandbox.conftest import PACKAGE, quiet
from tests.contract.validation.conftest import Files, Made, seen

_PROCESSORS = len(os.sched_getaffinity(0))
MODELS = f"{PACKAGE}/models.py"


def finding(rule: str, level: Level = Level.ERROR, **others: str) -> Finding:
    return Finding.model_validate(
        {"kind": "performance", "tool": "stub", "rule": rule, "level": level, "message": "m", **others}
    )


@dataclass
class Stub:
    """A validator that says what it is told to, and counts how often it looked."""

    findings: list[Finding] = field(default_factory=list)
    evidence: Mapping[str, bytes] = field(default_factory=dict)
    keep_for: float | None = None
    error: Exception | None = None
    looks: int = 0
    kind = Kind.PERFORMANCE
    tools = ("stub",)

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return Found(self.findings, self.evidence, self.keep_for)


@dataclass
class Pair:
    """Two that wait for each other: they come to an end only if they run at the same time."""

    here: asyncio.Event
    there: asyncio.Event
    tools: tuple[str, ...]
    kind = Kind.COMPLIANCE

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found:
        self.here.set()
        await asyncio.wait_for(self.there.wait(), 10)
        return Found([finding("done", tool=self.tools[0])])


async def stored(artifacts: FileArtifacts, report: CheckReport) -> dict[str, list[dict[str, object]]]:
    """The results of the report, by tool."""
    read = json.loads(await artifacts.get(report.report))
    return {run["tool"]["driver"]["name"]: run["results"] for run in read["runs"]}


async def test_the_good_package_and_its_report(made: Made, good: Files, artifacts: FileArtifacts) -> None:
    beats: list[str] = []
    report = await made(Syntax(), Types(), Security()).check(good, heartbeat=beats.append)
    assert [one for one in report.findings if one.effect is not Effect.NOTE] == []
    assert report.report.media_type == "application/sarif+json"
    tools = ["source", "manifest", "ruff format", "ruff", "mypy", "inspection", "bandit", "detect-secrets"]
    assert list(await stored(artifacts, report)) == tools
    assert report.lock is not None
    assert b"httpx" in await artifacts.get(report.lock)
    assert beats


async def test_sarif_has_rule_place_severity_fix_and_fingerprint(
    made: Made, good: Files, artifacts: FileArtifacts
) -> None:
    good[f"{PACKAGE}/weak.py"] = '"""Weak."""\n\nimport hashlib\n\nhashlib.md5(b"x")\n'
    moved = {**good, f"{PACKAGE}/weak.py": '"""Weak."""\n\nimport hashlib\n\nONE = 1\nhashlib.md5(b"x")\n'}
    report = await made(Security()).check(good, heartbeat=quiet)
    sarif = json.loads(await artifacts.get(report.report))
    run = next(run for run in sarif["runs"] if run["tool"]["driver"]["name"] == "ruff")
    (result,) = run["results"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert sarif["version"] == "2.1.0"
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("S324", 0, "error")
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": f"{PACKAGE}/weak.py", "uriBaseId": "INTEGRATION"},
        "region": {"startLine": 5},
    }
    assert "INTEGRATION" in run["originalUriBaseIds"]
    assert result["properties"]["kind"] == "security"
    assert result["properties"]["effect"] == "block"
    assert "SHA-256" in result["properties"]["fix"]
    assert "SHA-256" in result["message"]["text"]
    assert (rule["id"], rule["shortDescription"]["text"]) == ("S324", "weak hash")
    assert run["tool"]["driver"]["version"]
    (other,) = (await stored(artifacts, await made(Security()).check(moved, heartbeat=quiet)))["ruff"]
    assert other["partialFingerprints"] == result["partialFingerprints"]


async def test_a_syntax_error_is_said_once(made: Made, good: Files) -> None:
    good[MODELS] += "\ndef broken(:\n"
    report = await made(Syntax(), Types(), Security()).check(good, heartbeat=quiet)
    assert seen(report.blocking) == {("source", "syntax", MODELS)}


@dataclass
class Timed:
    """A validator with tools that only take time, and when each of them ran."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    kind = Kind.COMPLIANCE
    tools = ("timed",)

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found:
        told = "read now _ < /proc/uptime; echo $now"
        command = ["/bin/sh", "-c", f"{told}; /usr/bin/sleep 0.2; {told}"]
        looks = (look(subject.workspace, command, heartbeat, label="timed") for _ in range(_PROCESSORS + 1))
        for done in await asyncio.gather(*looks):
            started, ended = map(float, done.stdout.split())
            self.spans.append((started, ended))
        return Found()


async def test_tools_that_read_leave_a_processor_to_what_is_measured(made: Made, good: Files) -> None:
    one, other = Timed(), Timed()
    await made(one, other).check(good, heartbeat=quiet)
    spans = [*one.spans, *other.spans]
    at_once = max(sum(started <= moment < ended for started, ended in spans) for moment, _ in spans)
    assert at_once <= max(1, _PROCESSORS - 1)
    assert all(ended - started > 0.15 for started, ended in spans)


async def test_all_run_at_the_same_time(made: Made, good: Files) -> None:
    one, other = asyncio.Event(), asyncio.Event()
    report = await made(Pair(one, other, ("a",)), Pair(other, one, ("b",))).check(good, heartbeat=quiet)
    assert [found.tool for found in report.findings] == ["a", "b"]


async def test_the_policy_says_what_a_finding_does(made: Made, good: Files, policy: ProvingPolicy) -> None:
    stub = Stub([finding("a"), finding("b", Level.WARNING), finding("c", Level.NOTE), finding("d")])
    own = policy.model_copy(update={"rules": [Rule(tool="st?b", rule="d", effect=Effect.PERSON)]})
    report = await made(stub, policy=own).check(good, heartbeat=quiet)
    assert [(one.rule, one.effect) for one in report.findings] == [
        ("a", Effect.BLOCK),
        ("b", Effect.PERSON),
        ("c", Effect.NOTE),
        ("d", Effect.PERSON),
    ]


async def test_another_worker_finds_what_was_found(made: Made, good: Files, artifacts: FileArtifacts) -> None:
    first, second = Stub([finding("a")], {"sbom": b"{}", "measured": b"[]"}), Stub()
    found = await made(first).check(good, heartbeat=quiet)
    again = await made(second).check(good, heartbeat=quiet)
    assert (first.looks, second.looks) == (1, 0)
    assert again.findings == found.findings
    assert (again.report, again.sbom, again.measured) == (found.report, found.sbom, found.measured)
    assert again.sbom is not None
    assert await artifacts.get(again.sbom) == b"{}"


async def test_a_baseline_of_the_same_files_is_none(made: Made, good: Files) -> None:
    stub = Stub()
    await made(stub).check(good, heartbeat=quiet)
    await made(stub).check(good, heartbeat=quiet, baseline=dict(good))
    assert stub.looks == 1


@pytest.mark.parametrize("what", ["files", "baseline", "previous", "policy"])
async def test_what_is_not_the_same_is_looked_at_anew(
    made: Made, good: Files, policy: ProvingPolicy, what: str
) -> None:
    stub, changed = Stub(), {**good, "notes.md": "x"}
    await made(stub).check(good, heartbeat=quiet)
    if what == "policy":
        await made(stub, policy=policy.model_copy(update={"licenses": ["MIT"]})).check(good, heartbeat=quiet)
    elif what == "files":
        await made(stub).check(changed, heartbeat=quiet)
    else:
        await made(stub).check(good, heartbeat=quiet, **{what: changed})  # type: ignore[arg-type]
    assert stub.looks == 2


async def test_what_ages_is_looked_at_again(made: Made, good: Files) -> None:
    stub, now = Stub(keep_for=3600), [1000.0]
    checks = made(stub, clock=lambda: now[0])
    for at, looks in ((1000.0, 1), (4599.0, 1), (4600.0, 2), (4700.0, 2)):
        now[0] = at
        await checks.check(good, heartbeat=quiet)
        assert stub.looks == looks


@pytest.mark.parametrize("stub", [Stub([finding(FAILED)]), Stub(keep_for=0)], ids=["failed", "unknown"])
async def test_what_may_do_better_is_not_remembered(made: Made, good: Files, stub: Stub) -> None:
    await made(stub).check(good, heartbeat=quiet)
    await made(stub).check(good, heartbeat=quiet)
    assert stub.looks == 2


async def test_an_error_is_raised_once_all_have_ended(made: Made, good: Files, artifacts: FileArtifacts) -> None:
    other = Stub()
    failing = made(Stub(error=StorageUnavailable("The disk is full.")), other)
    with pytest.raises(StorageUnavailable):
        await failing.check(good, heartbeat=quiet)
    assert other.looks == 1


@pytest.mark.parametrize("path", ["../out.py", "/etc/x.py", "a/../../b.py", "a//b.py", "a b.py", "", ".", "x\n.py"])
async def test_a_path_outside_the_workspace_is_refused(made: Made, good: Files, path: str) -> None:
    with pytest.raises(InvalidInput):
        await made().check({**good, path: ""}, heartbeat=quiet)


async def test_a_path_that_is_file_and_folder_is_refused(made: Made, good: Files) -> None:
    with pytest.raises(InvalidInput):
        await made().check({**good, "a": "", "a/b": ""}, heartbeat=quiet)


@dataclass
class Mutants:
    """Stands in for the tester of tests: one survivor."""

    rule: str = "survivor"
    runs: int = 0

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> tuple[MutationScore, list[Finding]]:
        self.runs += 1
        return MutationScore(killed=1, sampled=2, possible=9), [finding(self.rule, kind="tests")]


async def test_tests_that_pass_are_put_to_the_test_once(made: Made, good: Files) -> None:
    mutants = Mutants()
    report = await made(mutants=mutants).test(good, heartbeat=quiet)
    again = await made(mutants=mutants).test(good, heartbeat=quiet)
    assert report == again
    assert mutants.runs == 1
    assert (report.passed > 0, report.failed, report.ok) == (True, 0, False)
    assert report.mutation == MutationScore(killed=1, sampled=2, possible=9)
    assert [one.effect for one in report.findings] == [Effect.BLOCK]


async def test_mutants_that_could_not_be_tried_are_tried_again(made: Made, good: Files) -> None:
    mutants = Mutants(rule=FAILED)
    for _ in range(2):
        await made(mutants=mutants).test(good, heartbeat=quiet)
    assert mutants.runs == 2


async def test_failing_tests_are_remembered_and_get_no_mutants(
    made: Made, good: Files, artifacts: FileArtifacts
) -> None:
    mutants = Mutants()
    good["tests/test_more.py"] = "def test_no():\n    assert False\n"
    report = await made(mutants=mutants).test(good, heartbeat=quiet)
    assert (report.failed, mutants.runs) == (1, 0)
    assert len(await artifacts.published("tests/")) == 1
    assert await made(mutants=mutants).test(good, heartbeat=quiet) == report


async def test_a_run_that_was_stopped_is_not_remembered(made: Made, good: Files, artifacts: FileArtifacts) -> None:
    good["tests/test_more.py"] = "import os\n\ndef test_no():\n    os.abort()\n"
    report = await made().test(good, heartbeat=quiet)
    assert "signal 6" in report.error
    assert await artifacts.published("tests/") == []
