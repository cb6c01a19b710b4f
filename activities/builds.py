"""Proving a version: checks and tests, in the sandbox."""

from collections import Counter

from temporalio import activity

from activities.store import load_files
from domain.artifacts import ArtifactRef
from domain.ports import Artifacts, Checks
from domain.reports import TestCounts
from domain.steps import Checked, ProveVersion, Tested

_MOST = 30
"""Findings and failures that go back at once; the report has them all."""


class BuildActivities:
    def __init__(self, checks: Checks, artifacts: Artifacts) -> None:
        self._checks = checks
        self._artifacts = artifacts

    @activity.defn(name="build.check")
    async def check(self, cmd: ProveVersion) -> Checked:
        files = await load_files(self._artifacts, cmd.workspace)
        report = await self._checks.check(
            files,
            heartbeat=activity.heartbeat,
            baseline=await self._files(cmd.baseline),
            previous=await self._files(cmd.previous),
        )
        return Checked(
            blocking=report.blocking[:_MOST],
            for_a_person=report.for_a_person[:_MOST],
            total=len(report.findings),
            effects=dict(Counter(finding.effect for finding in report.findings)),
            report=report.report,
            sbom=report.sbom,
            lock=report.lock,
            measured=report.measured,
        )

    @activity.defn(name="build.test")
    async def test(self, cmd: ProveVersion) -> Tested:
        files = await load_files(self._artifacts, cmd.workspace)
        report = await self._checks.test(files, heartbeat=activity.heartbeat)
        return Tested(
            ok=report.ok,
            counts=TestCounts(passed=report.passed, failed=report.failed, skipped=report.skipped),
            failures=report.failures[:_MOST],
            mutation=report.mutation,
            findings=report.findings[:_MOST],
            error=report.error,
            report=report.report,
        )

    async def _files(self, workspace: ArtifactRef | None) -> dict[str, str] | None:
        return None if workspace is None else await load_files(self._artifacts, workspace)
