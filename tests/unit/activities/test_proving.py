"""What the steps make of reports: what Claude is told, what people are asked, and from where tests are compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.builds import BuildActivities
from activities.store import load_conversation, load_files, save_conversation, save_files
from activities.tools import ToolActivities
from activities.wording import pull_request_body
from adapters.artifacts import FileArtifacts
from adapters.openapi import OpenApiDocuments, OpenApiSettings
from domain.artifacts import ArtifactRef
from domain.conversation import Conversation, Message, ToolResult, ToolUse
from domain.errors import VendorUnavailable
from domain.plan import Plan
from domain.reports import CheckReport, Effect, Finding, Kind, Level, MutationScore, TestCounts, TestReport
from domain.steps import ExecuteTools, OpenPullRequest, ProveVersion
from domain.vendors import Branch

Files = Mapping[str, str]


def finding(rule: str, effect: Effect, kind: Kind = Kind.SECURITY) -> Finding:
    return Finding(
        kind=kind,
        tool="t",
        rule=rule,
        level=Level.WARNING,
        message="says <b>@ada</b>",
        path="a.py",
        line=3,
        effect=effect,
    )


REF = ArtifactRef(hash="sha256:" + "0" * 64, size=1)
FOUND = [finding("blocks", Effect.BLOCK), finding("asks", Effect.PERSON), finding("noted", Effect.NOTE)]


@dataclass
class Reports:
    """The port `Checks`, which says what it was told to and keeps what it was asked."""

    findings: list[Finding] = field(default_factory=lambda: list(FOUND))
    error: Exception | None = None
    compared: list[tuple[Files | None, Files | None]] = field(default_factory=list)

    async def check(
        self,
        files: Files,
        *,
        heartbeat: Callable[[str], None],
        baseline: Files | None = None,
        previous: Files | None = None,
    ) -> CheckReport:
        if self.error is not None:
            raise self.error
        self.compared.append((baseline, previous))
        return CheckReport(findings=self.findings, report=REF, sbom=REF, lock=REF, measured=REF, seconds=1)

    async def test(self, files: Files, *, heartbeat: Callable[[str], None]) -> TestReport:
        weak = [finding("survivor", Effect.BLOCK, Kind.TESTS)]
        score = MutationScore(killed=1, sampled=4, possible=9)
        return TestReport(passed=2, failed=0, skipped=0, mutation=score, findings=weak, report=REF, seconds=1)


@pytest.fixture
def artifacts(tmp_path: Path) -> FileArtifacts:
    return FileArtifacts(tmp_path)


async def called(artifacts: FileArtifacts, checks: Reports, *names: str, **given: object) -> tuple[list[str], object]:
    """What the tools of these names answer, and what the step says."""
    uses = [ToolUse(id=f"u{number}", name=name, input=arguments(name)) for number, name in enumerate(names)]
    conversation = Conversation(
        purpose="generation",
        model="m",
        max_tokens=1,
        system=[],
        tools=[],
        messages=[Message(role="assistant", content=list(uses))],
    )
    cmd = ExecuteTools.model_validate(
        {
            "purpose": "generation",
            "conversation": await save_conversation(artifacts, conversation),
            "document": await artifacts.put(b"{}", "application/json"),
            "base_url": "https://api.example.com",
            "stop_reason": "tool_use",
            "workspace": await save_files(artifacts, {"a.py": "one"}),
            **given,
        }
    )
    tools = ToolActivities(OpenApiDocuments(OpenApiSettings()), checks, artifacts)
    done = await ActivityEnvironment().run(tools.execute_tools, cmd)
    said = (await load_conversation(artifacts, done.conversation)).messages[-1].content
    return [one.content for one in said if isinstance(one, ToolResult)], done


def arguments(name: str) -> dict[str, str]:
    return {"path": "a.py", "content": "two"} if name == "write_file" else {}


async def test_claude_is_told_what_blocks_and_what_a_person_would_be_asked(artifacts: FileArtifacts) -> None:
    (checks, tests), _ = await called(artifacts, Reports(), "run_checks", "run_tests")
    assert [line.split(" ")[0] for line in checks.splitlines()] == ["error:", "for"]
    assert "noted" not in checks
    assert "2 passed" in tests
    assert "Of 4 small faults put into the code the tests noticed 1." in tests
    assert "error: a.py:3 t survivor" in tests


@pytest.mark.parametrize(
    ("findings", "first"),
    [([], "Clean: no findings."), (FOUND[2:], "Clean: no findings."), (FOUND[1:], "Clean: nothing blocks.")],
    ids=["none", "notes", "person"],
)
async def test_clean_is_said_where_nothing_blocks(
    artifacts: FileArtifacts, findings: list[Finding], first: str
) -> None:
    (answer,), _ = await called(artifacts, Reports(findings), "run_checks")
    assert answer.startswith(first)


async def test_the_baseline_is_the_workspace_at_the_first_run_of_tests(artifacts: FileArtifacts) -> None:
    checks = Reports()
    _, done = await called(artifacts, checks, "run_checks", "run_tests", "write_file", "run_tests", "run_checks")
    assert done.baseline is not None
    assert await load_files(artifacts, done.baseline) == {"a.py": "one"}
    assert await load_files(artifacts, done.workspace) == {"a.py": "two"}
    assert checks.compared == [(None, None), ({"a.py": "one"}, None)]
    _, later = await called(artifacts, Reports(), "run_tests", baseline=done.baseline, workspace=done.workspace)
    assert later.baseline == done.baseline


async def test_what_time_may_mend_is_not_told_to_claude(artifacts: FileArtifacts) -> None:
    with pytest.raises(VendorUnavailable):
        await called(artifacts, Reports(error=VendorUnavailable("The index is away.")), "run_checks")


async def test_checks_are_handed_on_with_their_evidence(artifacts: FileArtifacts) -> None:
    checks = Reports()
    steps = BuildActivities(checks, artifacts)
    now, then = await save_files(artifacts, {"a.py": "two"}), await save_files(artifacts, {"a.py": "one"})
    cmd = ProveVersion(workspace=now, baseline=then, previous=then)
    checked = await ActivityEnvironment().run(steps.check, cmd)
    tested = await ActivityEnvironment().run(steps.test, cmd)
    assert ([one.rule for one in checked.blocking], [one.rule for one in checked.for_a_person]) == (
        ["blocks"],
        ["asks"],
    )
    assert (checked.total, checked.sbom, checked.lock, checked.measured) == (3, REF, REF, REF)
    assert checks.compared == [({"a.py": "one"}, {"a.py": "one"})]
    assert (tested.ok, [one.rule for one in tested.findings]) == (False, ["survivor"])
    assert tested.mutation is not None
    assert tested.mutation.killed == 1


def test_the_pull_request_lists_what_is_for_a_person() -> None:
    plan = Plan.model_construct(summary="s", capabilities=[], acceptance=[], configuration=[], secrets=[], hosts=[])
    cmd = OpenPullRequest(
        branch=Branch(repo="acme/integrations", name="b", head_sha="0" * 40, base="main", base_sha="1" * 40),
        title="t",
        plan=REF,
        content_hash="sha256:" + "0" * 64,
        findings=3,
        for_a_person=FOUND[1:2],
        tests=TestCounts(passed=1, failed=0),
        usd="$1",
        requester="ada",
        key="k",
    )
    body = pull_request_body(cmd, plan)
    assert "### For you to decide" in body
    assert "- a.py:3 t asks: says &lt;b>@\u200bada&lt;/b>" in body
    assert "For you to decide" not in pull_request_body(cmd.model_copy(update={"for_a_person": []}), plan)
