"""Running an integration's tests in a jail, and reading what came of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.sandbox.jail import Limits
from adapters.sandbox.run import Completed, run
from adapters.sandbox.settings import SandboxSettings
from adapters.validation import junit
from adapters.validation.validator import Heartbeat
from adapters.validation.workspace import Workspace
from domain.ports import Artifacts
from domain.reports import TestReport
from domain.testing import Case

_REPORT = "/tmp/ccb-report.xml"  # noqa: S108 (the jail's own)
# The report comes out by a pipe, so that the tests need no folder of ours to write to.
_TESTS = (
    'python -m pytest -q --tb=short -p no:cacheprovider -c /dev/null --rootdir=. --junitxml="$1" >&2; code=$?;'
    ' /usr/bin/cat "$1" || :; exit $code'
)
_NO_TESTS = 5  # pytest's exit code when it collected none


@dataclass(frozen=True)
class Tests:
    """A failing, crashing or endless test run is a result, not an error."""

    __test__ = False

    artifacts: Artifacts
    settings: SandboxSettings

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> TestReport:
        return (await self.round(workspace, heartbeat=heartbeat))[0]

    async def round(self, workspace: Workspace, *, heartbeat: Heartbeat) -> tuple[TestReport, Mapping[str, Case]]:
        """The report, and each test by name."""
        started = time.monotonic()
        settings = self.settings
        limits = Limits(
            memory=settings.memory, cpu=settings.cpu, processes=settings.processes, tmp_size=settings.tmp_size
        )
        done = await run(
            workspace.jail(limits),
            ["/bin/sh", "-c", _TESTS, "tests", _REPORT],
            timeout=settings.seconds,
            heartbeat=heartbeat,
            max_output=junit.MAX_BYTES,
            label="tests",
        )
        seconds = time.monotonic() - started
        try:
            results = junit.parse(done.stdout)
        except ValueError as unreadable:
            error = self._error(done) or f"The tests left no usable report: {unreadable}.{_tail(done)}"
            return TestReport(passed=0, failed=0, skipped=0, error=error, seconds=seconds), {}
        report = TestReport(
            passed=results.passed,
            failed=results.failed,
            skipped=results.skipped,
            failures=list(results.failures),
            report=await self.artifacts.put(done.stdout, junit.MEDIA_TYPE),
            error=self._error(done) or _disagreement(done, results),
            seconds=seconds,
        )
        return report, results.cases

    def _error(self, done: Completed) -> str:
        """Why the tests could not be run to their end, or nothing."""
        settings = self.settings
        if done.timed_out:
            return f"The tests did not end within {settings.seconds:g} s and were stopped."
        if done.out_of_memory:
            return f"The tests used more than {settings.memory >> 20} MiB of memory and were stopped."
        if done.returncode == _NO_TESTS:
            return "There are no tests: pytest collected none."
        if done.returncode > 128:
            return (
                f"The test run was killed by signal {done.returncode - 128}; its limits are {settings.cpu} s of CPU and"
                f" {settings.memory >> 20} MiB of memory.{_tail(done)}"
            )
        if done.returncode not in {0, 1, 2}:
            return f"pytest crashed (exit code {done.returncode}).{_tail(done)}"
        return ""


def _disagreement(done: Completed, results: junit.Results) -> str:
    """A report that says otherwise than pytest's exit code is not believed."""
    if done.returncode == 0 and (results.failed or not results.passed + results.skipped):
        return "The report disagrees with pytest's exit code 0, so neither is believed."
    if done.returncode != 0 and not results.failed:
        return f"pytest failed (exit code {done.returncode}), but its report names no failure.{_tail(done)}"
    return ""


def _tail(done: Completed) -> str:
    said = done.stderr.decode(errors="replace").strip()[-1000:]
    return f" It said:\n{said}" if said else ""
