"""Validation: all kinds of looks at a version at once, judged by the policy, and its tests. All of it in jails."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from adapters.packages import Packages
from adapters.sandbox.environments import Environments
from adapters.sandbox.settings import SandboxSettings
from adapters.validation import words
from adapters.validation.memory import Memory, Remembered
from adapters.validation.preparing import beating, prepared
from adapters.validation.sarif import MEDIA_TYPE, sarif
from adapters.validation.syntax import manifests
from adapters.validation.syntax.validator import PARSER
from adapters.validation.testing import Tests
from adapters.validation.tool import FAILED
from adapters.validation.validator import Heartbeat, MutationTester, Subject, Validator
from adapters.validation.workspace import workspace
from domain.artifacts import ArtifactRef
from domain.ports import Artifacts
from domain.proving import ProvingPolicy
from domain.reports import CheckReport, Finding, TestReport

_EVIDENCE = {"sbom": "application/vnd.cyclonedx+json", "measured": "application/json"}
_LOCK = "application/toml"


class Validation:
    """The port `Checks`. Raises SandboxUnavailable, InvalidInput for paths that are none, StorageUnavailable, and
    what `Packages.lock` does where the index cannot be read.

    `clock` says the Unix time, for answers that age.
    """

    def __init__(
        self,
        artifacts: Artifacts,
        environments: Environments,
        packages: Packages,
        validators: Sequence[Validator],
        policy: ProvingPolicy,
        *,
        mutants: MutationTester | None = None,
        settings: SandboxSettings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._artifacts = artifacts
        self._environments = environments
        self._packages = packages
        self._validators = validators
        self._policy = policy
        self._mutants = mutants
        self._settings = settings or SandboxSettings()
        self._memory = Memory(artifacts, policy, clock=clock)

    async def check(
        self,
        files: Mapping[str, str],
        *,
        heartbeat: Callable[[str], None],
        baseline: Mapping[str, str] | None = None,
        previous: Mapping[str, str] | None = None,
    ) -> CheckReport:
        """All validators at once; what one of them found before, of the same content, is not looked for again."""
        started = time.monotonic()
        async with self._subject(files, heartbeat, baseline=baseline, previous=previous) as subject:
            looks = await self._all(subject, heartbeat)
        findings = self._judged(_said_once([finding for look in looks for finding in look.findings]))
        evidence = {name: ref for look in looks for name, ref in look.evidence.items()}
        tools = [tool for validator in self._validators for tool in validator.tools]
        report = sarif(tools, findings, files)
        return CheckReport(
            findings=findings,
            report=await self._artifacts.put(report, MEDIA_TYPE),
            sbom=evidence.get("sbom"),
            lock=await self._artifacts.put(subject.lock.text.encode(), _LOCK) if subject.lock else None,
            measured=evidence.get("measured"),
            seconds=time.monotonic() - started,
        )

    async def test(self, files: Mapping[str, str], *, heartbeat: Callable[[str], None]) -> TestReport:
        """A failing, crashing or endless test run is a result, not an error."""
        async with self._subject(files, heartbeat) as subject:
            key = self._memory.key_of_tests(subject, f"{self._settings} {self._mutants is not None}")
            report = await self._memory.tests(key)
            if report is None:
                report = await self._memory.keep_tests(key, await self._test(subject, heartbeat))
        return report.model_copy(update={"findings": self._judged(report.findings)})

    async def _test(self, subject: Subject, heartbeat: Heartbeat) -> TestReport:
        report = await Tests(self._artifacts, self._settings).run(subject.workspace, heartbeat=heartbeat)
        if not report.ok or self._mutants is None:
            return report
        score, findings = await self._mutants.run(subject.workspace, heartbeat=heartbeat)
        return report.model_copy(update={"mutation": score, "findings": findings})

    @contextlib.asynccontextmanager
    async def _subject(
        self,
        files: Mapping[str, str],
        heartbeat: Heartbeat,
        *,
        baseline: Mapping[str, str] | None = None,
        previous: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Subject]:
        declared, _ = manifests.read(files)
        preparing = prepared(self._packages, self._environments, declared, self._policy)
        ready = await beating(preparing, heartbeat, "building the environment")
        async with workspace(files, ready.environment, ready.tools) as space:
            # Nothing to compare with itself: so what Claude's first checks found holds for the proving after them.
            earlier = None if baseline == files else baseline
            yield Subject(space, declared, ready.lock, earlier, previous, ready.unresolved)

    async def _all(self, subject: Subject, heartbeat: Heartbeat) -> list[Remembered]:
        """Every look to its end, then the first error if there was one: nothing is left running."""
        looks = (self._look(validator, subject, heartbeat) for validator in self._validators)
        settled = await beating(asyncio.gather(*looks, return_exceptions=True), heartbeat, "validators")
        found: list[Remembered] = []
        for one in settled:
            if isinstance(one, BaseException):
                raise one
            found.append(one)
        return found

    async def _look(self, validator: Validator, subject: Subject, heartbeat: Heartbeat) -> Remembered:
        key = self._memory.key_of_look(validator, subject)
        known = await self._memory.look(key)
        if known is not None:
            return known
        found = await validator.run(subject, heartbeat=heartbeat)
        looked = Remembered(
            findings=found.findings,
            evidence={name: await self._evidence(name, data) for name, data in found.evidence.items()},
            until=None if found.keep_for is None else self._memory.clock() + found.keep_for,
        )
        return await self._memory.keep_look(key, looked)

    async def _evidence(self, name: str, data: bytes) -> ArtifactRef:
        return await self._artifacts.put(data, _EVIDENCE[name])

    def _judged(self, findings: Sequence[Finding]) -> list[Finding]:
        """In an order that depends on nothing but what was found."""
        worded = (finding if finding.fix else finding.model_copy(update={"fix": _fix(finding)}) for finding in findings)
        return sorted(
            (self._policy.judged(finding) for finding in worded),
            key=lambda one: (one.path, one.line, one.kind, one.tool, one.rule, one.message),
        )


def _fix(finding: Finding) -> str:
    said = words.of(finding.tool, finding.rule)
    return said.fix if said else ""


def _said_once(findings: Sequence[Finding]) -> list[Finding]:
    """What cannot be parsed makes every tool say the same again, or fail."""
    broken = {finding.path for finding in findings if (finding.tool, finding.rule) == (PARSER, "syntax")}
    return [
        finding
        for finding in findings
        if finding.tool == PARSER
        or not (finding.path in broken or (finding.rule == FAILED and broken and not finding.path))
    ]
