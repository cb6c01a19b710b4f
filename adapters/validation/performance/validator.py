"""The validator of performance: slow code found by reading it, and the integration measured in a jail of its own."""

import asyncio
from dataclasses import replace

from pydantic import BaseModel, Field, ValidationError

from adapters.sandbox.jail import Limits
from adapters.sandbox.run import Completed, run
from adapters.validation import programs, ruff
from adapters.validation.performance import measures
from adapters.validation.performance.measures import Measured
from adapters.validation.tool import failed, look, relative
from adapters.validation.validator import Found, Heartbeat, Subject
from domain.manifest import Manifest
from domain.proving import Measures
from domain.reports import Finding, Kind, Level

READER = "performance"
_RUFF = "ruff"
_BLOCKING = "ASYNC2"
_TO_THREAD = "await what does not block, or asyncio.to_thread() with it"
_READING = ("names", "awaiting", "calling", "looping", "reading")
# As the runner's, but for a limit on processor time.
_LIMITS = Limits(memory=1 << 30, cpu=60, processes=64, open_files=512, tmp_size=64 << 20)
_MAX_OUTPUT = 1 << 20


class _Seen(BaseModel):
    rule: str
    level: Level
    path: str
    line: int
    message: str
    fix: str


class _Read(BaseModel):
    findings: list[_Seen] = Field(max_length=1000)


class Performance:
    """Reads for blocking calls, missing time limits, unbounded reads, endless retries and missing pages; measures
    import, start-up, memory and latencies against a stub of the outside API.

    A measurement over its limit may be the machine's fault, so it is not remembered.
    """

    kind = Kind.PERFORMANCE
    tools = (_RUFF, READER, measures.TOOL)

    def __init__(self, limits: Measures | None = None) -> None:
        self._limits = limits or Measures()

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found:
        # The measuring is the longest of all validation: it starts first.
        measured, linted, read = await asyncio.gather(
            self._measure(subject, heartbeat), self._linted(subject, heartbeat), self._read(subject, heartbeat)
        )
        return replace(measured, findings=[*linted, *read, *measured.findings])

    async def _linted(self, subject: Subject, heartbeat: Heartbeat) -> list[Finding]:
        """The rules of ruff on calls that block in async functions; no comment silences them."""
        options = ("--ignore-noqa",)
        found = await ruff.check(
            subject.workspace, heartbeat, select=_BLOCKING, not_in_tests=(_BLOCKING,), options=options
        )
        if isinstance(found, Completed):
            return [failed(self.kind, _RUFF, found)]
        return [
            Finding(
                kind=self.kind,
                tool=_RUFF,
                rule=one.code,
                level=Level.ERROR,
                message=one.message,
                path=relative(one.filename),
                line=one.line,
                fix=_TO_THREAD,
            )
            for one in found
            if one.code is not None and one.code.startswith(_BLOCKING)  # what does not parse, syntax says
        ]

    async def _read(self, subject: Subject, heartbeat: Heartbeat) -> list[Finding]:
        space = subject.workspace
        reading = programs.order(__package__, _READING, {})
        done = await look(space, [space.tools_python, *programs.ARGUMENTS], heartbeat, label=READER, stdin=reading)
        try:
            read = _Read.model_validate_json(done.stdout)
        except ValidationError:
            return [failed(self.kind, READER, done)]
        return [Finding(kind=self.kind, tool=READER, **seen.model_dump()) for seen in read.findings]

    async def _measure(self, subject: Subject, heartbeat: Heartbeat) -> Found:
        """Nothing without a manifest, which says what to start: that is another validator's finding."""
        if subject.manifest is None:
            return Found()
        space = subject.workspace
        done = await run(
            replace(space.jail(_LIMITS), loopback=True),
            [space.python, *programs.ARGUMENTS],
            timeout=measures.SECONDS,
            heartbeat=heartbeat,
            stdin=measures.order(subject.manifest, self._limits),
            max_output=_MAX_OUTPUT,
            label=measures.TOOL,
        )
        try:
            measured = Measured.model_validate_json(done.stdout)
        except ValidationError:
            return Found([failed(self.kind, measures.TOOL, done)])
        findings = list(measures.judged(measured, self._limits, _path(subject, subject.manifest)))
        over = any(finding.level is Level.ERROR for finding in findings)
        evidence = measured.model_dump_json(indent=1).encode()
        return Found(findings, {measures.TOOL: evidence}, keep_for=0 if over else None)


def _path(subject: Subject, manifest: Manifest) -> str:
    """The entry point's file, if it is there."""
    path = f"{manifest.entrypoint.partition(':')[0].replace('.', '/')}.py"
    return path if path in subject.files else ""
