"""The analysers of security: our own look at the syntax tree, ruff's rules S, bandit, and detect-secrets."""

import re

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from adapters.sandbox.run import Completed
from adapters.validation import ruff
from adapters.validation.security.sightings import OURS, Sighting
from adapters.validation.tool import failed, look, python_files, relative, script
from adapters.validation.validator import Heartbeat
from adapters.validation.workspace import Workspace
from domain.reports import Finding, Kind, Level

BANDIT = "bandit"
SECRETS = "detect-secrets"
_PACKAGE = "adapters.validation.security"

_ABOUT = {
    "process": {404, 602, 603, 604, 605, 606, 607, 609},
    "socket": {104, 312, 321, 401, 402},
    "dynamic-code": {102, 307},
    "deserialisation": {301, 302, 403, 506, 614},
    "sql-injection": {608, 610, 611},
    "template-injection": {701, 702, 703, 704},
}
_PASSWORDS = frozenset({105, 106, 107})
# In tests assertions are the point and made-up passwords are usual; calls without a timeout are the matter of
# performance, everywhere.
_NOT_IN_TESTS = frozenset({101, *_PASSWORDS})
_NOWHERE = frozenset({113})
# What looks like a secret by its name or its randomness alone; the other detectors know a vendor's own form.
_GUESSES = frozenset({"Secret Keyword", "Base64 High Entropy String", "Hex High Entropy String"})


class Place(BaseModel):
    """A URL literal and where it is."""

    path: str
    line: int
    url: str


class _Seen(BaseModel):
    rule: str
    path: str
    line: int
    last: int
    message: str


class _Inspected(BaseModel):
    findings: list[_Seen]
    urls: list[Place]


class _Issue(BaseModel):
    filename: str
    issue_confidence: str
    issue_severity: str
    issue_text: str
    line_number: int
    line_range: list[int]
    test_id: str = Field(pattern=r"^B\d+$")


class _Unread(BaseModel):
    filename: str
    reason: str


class _Bandit(BaseModel):
    results: list[_Issue]
    errors: list[_Unread]


class _Secret(BaseModel):
    rule: str
    path: str
    line: int


async def inspected(workspace: Workspace, heartbeat: Heartbeat) -> tuple[list[Sighting], list[Place]]:
    """Our own rules, and the URL literals for the manifest's check."""
    inspection = script(_PACKAGE, "inspection.py")
    done = await look(workspace, [workspace.tools_python, "-I", "-"], heartbeat, label=OURS, stdin=inspection)
    try:
        found = _Inspected.model_validate_json(done.stdout)
    except ValidationError:
        return [_failed(OURS, done)], []
    sightings = [
        _sighting(OURS, seen.rule, seen.path, seen.line, seen.message, last=seen.last) for seen in found.findings
    ]
    return sightings, found.urls


async def linted(workspace: Workspace, heartbeat: Heartbeat) -> list[Sighting]:
    """The rules S of ruff. Comments cannot silence them: `waved_through` looks at those."""
    found = await ruff.check(
        workspace,
        heartbeat,
        select="S",
        not_in_tests=[f"S{number}" for number in sorted(_NOT_IN_TESTS)],
        options=("--ignore-noqa", *(f"--ignore=S{number}" for number in sorted(_NOWHERE))),
    )
    if isinstance(found, Completed):
        return [_failed("ruff", found)]
    return [
        _sighting("ruff", one.code, relative(one.filename), one.line, one.message, last=one.last_line)
        for one in found
        if one.code is not None and re.fullmatch(r"S\d+", one.code)  # what does not parse, syntax says
    ]


async def bandit(workspace: Workspace, heartbeat: Heartbeat) -> list[Sighting]:
    """What bandit says of every Python file, without settings or exclusions of the workspace's own."""
    command = [workspace.tools_python, "-I", "-m", "bandit", "--quiet", "--format", "json", "--ignore-nosec"]
    command += ["--exclude", "/nothing", "--ini", "/dev/null", "--exit-zero", *python_files(workspace)]
    done = await look(workspace, command, heartbeat, label=BANDIT)
    try:
        found = _Bandit.model_validate_json(done.stdout)
    except ValidationError:
        return [_failed(BANDIT, done)]
    unread = [
        _sighting(BANDIT, "tool-failed", relative(one.filename), 0, f"bandit could not read it: {one.reason}")
        for one in found.errors
    ]
    return (
        unread
        + [
            _sighting(
                BANDIT,
                issue.test_id,
                relative(issue.filename),
                issue.line_number,
                "a password may be written out here"
                if number in _PASSWORDS
                else issue.issue_text,  # not with its value
                last=max(issue.line_range, default=issue.line_number),
                level=_severity(issue),
            )
            for issue, number in ((issue, int(issue.test_id[1:])) for issue in found.results)
            if not _left_out(number, relative(issue.filename))
        ]
    )


async def secrets(workspace: Workspace, heartbeat: Heartbeat) -> list[Sighting]:
    """detect-secrets over every file. In tests guesses are left out: made-up tokens are usual there."""
    scan = script(_PACKAGE, "secret_scan.py")
    command = [workspace.tools_python, "-I", "-", *(f"./{path}" for path in sorted(workspace.files))]
    done = await look(workspace, command, heartbeat, label=SECRETS, stdin=scan)
    try:
        found = TypeAdapter(list[_Secret]).validate_json(done.stdout)
    except ValidationError:
        return [_failed(SECRETS, done)]
    return [
        _sighting(
            SECRETS,
            one.rule.lower().replace(" ", "-"),
            path,
            one.line,
            f"this looks like a secret ({one.rule})",
            level=Level.WARNING if one.rule.endswith("Entropy String") else Level.ERROR,
        )
        for one, path in ((one, relative(one.path)) for one in found)
        if not (one.rule in _GUESSES and path.startswith("tests/"))
    ]


def _sighting(
    tool: str, rule: str, path: str, line: int, message: str, *, last: int = 0, level: Level = Level.ERROR
) -> Sighting:
    finding = Finding(kind=Kind.SECURITY, tool=tool, rule=rule, level=level, message=message, path=path, line=line)
    if tool == SECRETS:
        numbers = _PASSWORDS
    elif tool == OURS:
        numbers = frozenset(_ABOUT.get(rule, set()))
    else:
        numbers = frozenset({int(rule[1:])} if rule[1:].isdecimal() else set())
    return Sighting(finding, numbers, max(line, last))


def _severity(issue: _Issue) -> Level:
    """What is hardly bad, or hardly sure, is a note."""
    return Level.NOTE if "LOW" in {issue.issue_severity, issue.issue_confidence} else Level.ERROR


def _left_out(number: int, path: str) -> bool:
    return number in _NOWHERE or (number in _NOT_IN_TESTS and path.startswith("tests/"))


def _failed(tool: str, done: Completed) -> Sighting:
    return Sighting(failed(Kind.SECURITY, tool, done), frozenset(), 0)
