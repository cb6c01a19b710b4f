"""Validators: each looks at a workspace in its own way and says what it found. A tool that fails is a finding too."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, TypeAdapter, ValidationError

from adapters.sandbox.jail import Limits
from adapters.sandbox.run import Completed, run
from adapters.validation import inspection
from adapters.validation.workspace import Workspace
from domain.reports import Finding, Level

Heartbeat = Callable[[str], None]

# ruff and mypy reserve far more address space than they use.
_LIMITS = Limits(memory=4 << 30, cpu=60)
_SECONDS = 90.0
_MAX_OUTPUT = 4 << 20
_LINT = "E,F,I,UP,B,S,ANN,ASYNC,RET,SIM,PTH,RUF,D1"
_TEST_RULES = ("D", "S101", "S105", "S106")
_DIFF_LINES = 40
# mypy must be able to write to its cache; a copy of 11 MB takes a tenth of what mypy then saves.
_TYPES = (
    '/usr/bin/cp -r "$1" /tmp/cache && exec "$2" -I -m mypy --config-file "$3" --cache-dir /tmp/cache'
    " --no-error-summary --output json ."
)


class Validator(Protocol):
    """One kind of look. `name` is the tool's name in findings."""

    @property
    def name(self) -> str: ...

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> list[Finding]: ...


class Place(BaseModel):
    """A URL literal and where it is."""

    path: str
    line: int
    url: str


class _Seen(BaseModel):
    rule: str
    path: str
    line: int
    message: str


class _Inspected(BaseModel):
    findings: list[_Seen]
    urls: list[Place]


class Source:
    """Syntax, forbidden imports and calls; keeps the URL literals for the manifest's check in `urls`."""

    name = "source"

    def __init__(self) -> None:
        self.urls: list[Place] = []

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> list[Finding]:
        script = inspect.getsource(inspection).encode()
        done = await _run(workspace, [workspace.python, "-I", "-"], heartbeat, label=self.name, stdin=script)
        try:
            inspected = _Inspected.model_validate_json(done.stdout)
        except ValidationError:
            return [failed(self.name, done)]
        self.urls = inspected.urls
        return [Finding(tool=self.name, level=Level.ERROR, **seen.model_dump()) for seen in inspected.findings]


class Format:
    """`ruff format`: a finding a file, with the change it would make."""

    name = "ruff format"

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> list[Finding]:
        command = [*_ruff(workspace, "format"), "--diff", "--line-length", "100", "--target-version", "py311", "."]
        done = await _run(workspace, command, heartbeat, label=self.name)
        if done.returncode not in {0, 1} or done.timed_out:
            return [failed(self.name, done)]
        diffs = re.split(r"(?m)^--- ", done.stdout.decode(errors="replace"))[1:]
        if done.returncode == 1 and not diffs:
            return [failed(self.name, done)]
        return [self._finding(diff) for diff in diffs]

    def _finding(self, diff: str) -> Finding:
        path, _, rest = diff.partition("\n")
        hunk = re.search(r"^@@ -(\d+)", rest, re.MULTILINE)
        change = "\n".join(rest.splitlines()[1 : _DIFF_LINES + 1])
        return Finding(
            tool=self.name,
            rule="format",
            level=Level.ERROR,
            message="not in the formatter's style",
            path=_relative(path.strip()),
            line=int(hunk.group(1)) if hunk else 0,
            fix=f"run the formatter, which makes this change:\n{change}",
        )


class _Edit(BaseModel):
    message: str | None = None


class _Location(BaseModel):
    row: int


class _Linted(BaseModel):
    """A diagnostic of `ruff check --output-format json`."""

    code: str | None = None
    filename: str
    message: str
    location: _Location | None = None
    fix: _Edit | None = None


class Lint:
    """`ruff check` with our rules, whatever the workspace's own settings say."""

    name = "ruff"

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> list[Finding]:
        command = [*_ruff(workspace, "check"), "--select", _LINT, "--output-format", "json", "--line-length", "100"]
        command += ["--target-version", "py311"]
        for rule in _TEST_RULES:
            command += ["--per-file-ignores", f"tests/*:{rule}"]
        done = await _run(workspace, [*command, "."], heartbeat, label=self.name)
        try:
            linted = TypeAdapter(list[_Linted]).validate_json(done.stdout)
        except ValidationError:
            return [failed(self.name, done)]
        if done.returncode not in {0, 1} or bool(linted) != bool(done.returncode):
            return [failed(self.name, done)]
        return [
            Finding(
                tool=self.name,
                rule=found.code or "error",
                level=Level.ERROR,
                message=found.message,
                path=_relative(found.filename),
                line=found.location.row if found.location else 0,
                fix=(found.fix.message or "") if found.fix else "",
            )
            for found in linted
        ]


class _Typed(BaseModel):
    """A line of `mypy --output json`."""

    file: str
    line: int
    message: str
    code: str | None = None
    hint: str | None = None
    severity: str


class Types:
    """`mypy --strict`, on top of a cache that already knows the libraries."""

    name = "mypy"

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> list[Finding]:
        home = workspace.environment.parent
        settings, cache = home / "mypy.ini", home / "mypy-cache"
        command = ["/bin/sh", "-c", _TYPES, "types", str(cache), workspace.python, str(settings)]
        mounts = {settings: str(settings), cache: str(cache)}
        done = await _run(workspace, command, heartbeat, label=self.name, mounts=mounts)
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        try:
            typed = [_Typed.model_validate_json(line) for line in lines]
        except ValidationError:
            return [failed(self.name, done)]
        if done.returncode not in {0, 1} or done.timed_out or (done.returncode == 1 and not typed):
            return [failed(self.name, done)]
        return [
            Finding(
                tool=self.name,
                rule=found.code or "mypy",
                level=Level.ERROR if found.severity == "error" else Level.NOTE,
                message=found.message,
                path=_relative(found.file),
                line=max(found.line, 0),
                fix=found.hint or "",
            )
            for found in typed
        ]


def failed(tool: str, done: Completed) -> Finding:
    """A tool that did not come to an end of its own is an error, never silence."""
    if done.timed_out:
        what = "took too long and was ended"
    elif done.out_of_memory:
        what = "used too much memory and was ended"
    else:
        what = f"failed (exit code {done.returncode})"
    said = (done.stderr + done.stdout).decode(errors="replace").strip()[-1000:]
    return Finding(tool=tool, rule="tool-failed", level=Level.ERROR, message=f"{tool} {what}. {said}".strip())


async def _run(
    workspace: Workspace,
    command: Sequence[str],
    heartbeat: Heartbeat,
    *,
    label: str,
    stdin: bytes | None = None,
    mounts: Mapping[Path, str] | None = None,
) -> Completed:
    return await run(
        workspace.jail(_LIMITS, mounts=mounts),
        command,
        timeout=_SECONDS,
        heartbeat=heartbeat,
        stdin=stdin,
        max_output=_MAX_OUTPUT,
        label=label,
    )


def _ruff(workspace: Workspace, command: str) -> list[str]:
    return [f"{workspace.environment}/bin/ruff", command, "--isolated", "--no-cache", "--quiet"]


def _relative(path: str) -> str:
    return path.removeprefix("/workspace/").removeprefix("./")
