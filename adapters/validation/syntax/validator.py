"""The validator of syntax."""

import asyncio
import re

from pydantic import BaseModel, ValidationError

from adapters.sandbox.run import Completed
from adapters.validation import ruff
from adapters.validation.syntax import manifests
from adapters.validation.tool import failed, look, relative, script
from adapters.validation.validator import Found, Heartbeat, Subject
from adapters.validation.workspace import Workspace
from domain import manifest
from domain.reports import Finding, Kind, Level

PARSER = "source"
_FORMAT = "ruff format"
_LINT = "E,F,I,UP,B,ANN,ASYNC1,RET,SIM,PTH,RUF,D1"  # what blocks (ASYNC2) is the matter of performance
_DIFF_LINES = 40


class _Seen(BaseModel):
    rule: str
    path: str
    line: int
    message: str


class _Parsed(BaseModel):
    findings: list[_Seen]
    project: dict[str, object] | None


class Syntax:
    """Every file of code or configuration parses, Python is formatted and lints clean, and the manifest is valid."""

    kind = Kind.SYNTAX
    tools = (PARSER, manifests.TOOL, _FORMAT, "ruff")

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found:
        space = subject.workspace
        found = await asyncio.gather(
            self._files(subject, heartbeat), _format(space, heartbeat), _lint(space, heartbeat)
        )
        return Found([finding for findings in found for finding in findings])

    async def _files(self, subject: Subject, heartbeat: Heartbeat) -> list[Finding]:
        workspace, unresolved = subject.workspace, subject.unresolved
        parsing = script("adapters.validation.syntax", "parsing.py")
        done = await look(workspace, [workspace.tools_python, "-I", "-"], heartbeat, label=PARSER, stdin=parsing)
        try:
            parsed = _Parsed.model_validate_json(done.stdout)
        except ValidationError:
            return [failed(self.kind, PARSER, done), *manifests.look(subject.files, None, unresolved=unresolved)]
        # The manifest's own look says more about it.
        seen = [one for one in parsed.findings if one.path != manifest.PATH]
        return [
            *(Finding(tool=PARSER, level=Level.ERROR, **one.model_dump()) for one in seen),
            *manifests.look(subject.files, parsed.project, unresolved=unresolved),
        ]


async def _format(workspace: Workspace, heartbeat: Heartbeat) -> list[Finding]:
    """`ruff format`: a finding a file, with the change it would make."""
    done = await look(workspace, ruff.command(workspace, "format", "--diff"), heartbeat, label=_FORMAT)
    diffs = re.split(r"(?m)^--- ", done.stdout.decode(errors="replace"))[1:]
    if done.returncode not in {0, 1} or done.timed_out or (done.returncode == 1 and not diffs):
        return [failed(Kind.SYNTAX, _FORMAT, done)]
    return [_unformatted(diff) for diff in diffs]


def _unformatted(diff: str) -> Finding:
    path, _, rest = diff.partition("\n")
    hunk = re.search(r"^@@ -(\d+)", rest, re.MULTILINE)
    change = "\n".join(rest.splitlines()[1 : _DIFF_LINES + 1])
    return Finding(
        tool=_FORMAT,
        rule="format",
        level=Level.ERROR,
        message="not in the formatter's style",
        path=relative(path.strip()),
        line=int(hunk.group(1)) if hunk else 0,
        fix=f"run the formatter, which makes this change:\n{change}",
    )


async def _lint(workspace: Workspace, heartbeat: Heartbeat) -> list[Finding]:
    # RUF100 would call a suppression of a rule that another validator selects unused.
    options = ("--config", 'lint.external = ["ASYNC2", "S"]')
    found = await ruff.check(workspace, heartbeat, select=_LINT, not_in_tests=("D",), options=options)
    if isinstance(found, Completed):
        return [failed(Kind.SYNTAX, "ruff", found)]
    return [
        Finding(
            tool="ruff",
            rule=one.code or "error",
            level=Level.ERROR,
            message=one.message,
            path=relative(one.filename),
            line=one.line,
            fix=(one.fix.message or "") if one.fix else "",
        )
        for one in found
    ]
