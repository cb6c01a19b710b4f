"""Checks and tests of generated code, all of it in jails."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from adapters.sandbox.environments import Environments
from adapters.sandbox.jail import Limits
from adapters.sandbox.run import Completed, run
from adapters.sandbox.settings import SandboxSettings
from adapters.validation import junit
from adapters.validation.manifests import Declared
from adapters.validation.sarif import MEDIA_TYPE, sarif
from adapters.validation.validators import Format, Lint, Source, Types, Validator
from adapters.validation.workspace import Workspace, workspace
from domain.manifest import REQUIREMENTS
from domain.ports import Artifacts
from domain.reports import CheckReport, Finding, TestReport

_REPORT = "/dev/shm/report.xml"  # noqa: S108 (the jail's own; apart from /tmp, which tests may fill)
# The report comes out by a pipe, so that the tests need no folder of ours to write to.
_TESTS = (
    'python -m pytest -q --tb=short -p no:cacheprovider -c /dev/null --rootdir=. --junitxml="$1" >&2; code=$?;'
    ' /usr/bin/cat "$1" || :; exit $code'
)
_NO_TESTS = 5  # pytest's exit code when it collected none


class SandboxChecks:
    """The port `Checks`, by ruff, mypy, pytest and checks of our own. Raises SandboxUnavailable, InvalidInput."""

    def __init__(
        self, artifacts: Artifacts, environments: Environments, settings: SandboxSettings | None = None
    ) -> None:
        self._artifacts = artifacts
        self._environments = environments
        self._settings = settings or SandboxSettings()

    async def check(
        self,
        files: Mapping[str, str],
        *,
        heartbeat: Callable[[str], None],
        baseline: Mapping[str, str] | None = None,
        previous: Mapping[str, str] | None = None,
    ) -> CheckReport:
        """Syntax and manifest first; if they are sound, format, lint and types at once."""
        started = time.monotonic()
        environment = await self._environment(heartbeat)
        async with workspace(files, environment, environment) as space:
            source = Source()
            tools: list[Validator] = [Format(), Lint(), Types()]
            findings = await source.run(space, heartbeat=heartbeat)
            declared = Declared(source.urls)
            findings += await declared.run(space, heartbeat=heartbeat)
            # What cannot be parsed makes every tool say the same thing again.
            if not any(finding.rule == "syntax" for finding in findings):
                findings += await _all(tools, space, heartbeat)
        report = sarif([source.name, declared.name, *(tool.name for tool in tools)], findings)
        return CheckReport(
            findings=findings,
            report=await self._artifacts.put(report, MEDIA_TYPE),
            seconds=time.monotonic() - started,
        )

    async def test(self, files: Mapping[str, str], *, heartbeat: Callable[[str], None]) -> TestReport:
        """A failing, crashing or endless test run is a result, not an error."""
        started = time.monotonic()
        environment = await self._environment(heartbeat)
        settings = self._settings
        limits = Limits(
            memory=settings.memory, cpu=settings.cpu, processes=settings.processes, tmp_size=settings.tmp_size
        )
        async with workspace(files, environment, environment) as space:
            done = await run(
                space.jail(limits),
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
            return TestReport(passed=0, failed=0, skipped=0, error=error, seconds=seconds)
        return TestReport(
            passed=results.passed,
            failed=results.failed,
            skipped=results.skipped,
            failures=list(results.failures),
            report=await self._artifacts.put(done.stdout, junit.MEDIA_TYPE),
            error=self._error(done) or _disagreement(done, results),
            seconds=seconds,
        )

    async def _environment(self, heartbeat: Callable[[str], None]) -> Path:
        """The environment of checks; building it takes seconds, once for an installation."""
        building = asyncio.create_task(self._environments.ensure(REQUIREMENTS, tools=True))
        try:
            while not (await asyncio.wait({building}, timeout=1))[0]:
                heartbeat("building the environment")
        finally:
            building.cancel()
        return await building

    def _error(self, done: Completed) -> str:
        """Why the tests could not be run to their end, or nothing."""
        settings = self._settings
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


async def _all(tools: Sequence[Validator], space: Workspace, heartbeat: Callable[[str], None]) -> list[Finding]:
    found = await asyncio.gather(*(tool.run(space, heartbeat=heartbeat) for tool in tools))
    return [finding for findings in found for finding in findings]
