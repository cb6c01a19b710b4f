"""Proving a version: checks and tests, in the sandbox."""

from temporalio import activity

from activities.store import load_files
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
        report = await self._checks.check(files, heartbeat=activity.heartbeat)
        return Checked(blocking=report.blocking[:_MOST], total=len(report.findings), report=report.report)

    @activity.defn(name="build.test")
    async def test(self, cmd: ProveVersion) -> Tested:
        files = await load_files(self._artifacts, cmd.workspace)
        report = await self._checks.test(files, heartbeat=activity.heartbeat)
        return Tested(
            ok=report.ok,
            counts=TestCounts(passed=report.passed, failed=report.failed, skipped=report.skipped),
            failures=report.failures[:_MOST],
            error=report.error,
            report=report.report,
        )
