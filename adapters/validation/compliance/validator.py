"""The validator of compliance."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from adapters.validation.compliance import completeness, licences
from adapters.validation.compliance.sbom import sbom
from adapters.validation.compliance.seen import Logged, Read, Route
from adapters.validation.syntax import manifests
from adapters.validation.tool import failed, look, script
from adapters.validation.validator import Found, Heartbeat, Subject
from domain import manifest
from domain.artifacts import files_hash
from domain.compatibility import Change, differences, fits, next_version
from domain.manifest import Manifest
from domain.proving import ProvingPolicy
from domain.reports import Finding, Kind, Level

VERSIONS = "versions"
PRIVACY = "privacy"
ROUTES = "routes"
_PACKAGE = "adapters.validation.compliance"
_LOGGED: TypeAdapter[list[Logged]] = TypeAdapter(list[Logged])
_READ: TypeAdapter[Read] = TypeAdapter(Read)
_MOST = 200

_Seen = TypeVar("_Seen")

_PRIVACY = {
    "secret-logged": (
        Level.ERROR,
        "looks like a secret, or like headers that hold one",
        "log that it is there, not it",
    ),
    "personal-data-logged": (Level.WARNING, "looks like data about a person", "log an id, or leave it out"),
    "message-logged": (
        Level.WARNING,
        "is a whole message or model, with whatever people put into it",
        "log its id, its size or its status",
    ),
}


class Compliance:
    """What may be installed, shown and promised; and the bill of materials, as evidence `sbom`."""

    kind = Kind.COMPLIANCE
    tools = (licences.TOOL, completeness.TOOL, VERSIONS, PRIVACY, ROUTES)

    def __init__(self, policy: ProvingPolicy) -> None:
        self._policy = policy

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found:
        (read, unread), (logged, unlogged) = await asyncio.gather(
            _seen(subject, "reading.py", _READ, Read(routes=[], settings=[]), ROUTES, heartbeat),
            _seen(subject, "logged.py", _LOGGED, [], PRIVACY, heartbeat),
        )
        findings = [*unread, *unlogged, *_private(logged[:_MOST]), *_documented(read.routes)]
        findings += licences.look(subject.lock, self._policy.licenses)
        findings += completeness.paths(sorted(subject.files))
        declared = subject.manifest
        if declared is not None:
            findings += _complete(declared, subject.files, read, unseen=bool(unread))
            findings += _version(declared, subject.previous)
        return Found(findings, _evidence(subject))


async def _seen(
    subject: Subject, name: str, answer: TypeAdapter[_Seen], nothing: _Seen, tool: str, heartbeat: Heartbeat
) -> tuple[_Seen, list[Finding]]:
    """What a script of ours saw in the jail; a script that fails is a finding."""
    workspace = subject.workspace
    command = [workspace.tools_python, "-I", "-"]
    done = await look(workspace, command, heartbeat, label=tool, stdin=script(_PACKAGE, name))
    try:
        return answer.validate_json(done.stdout), []
    except ValidationError:
        return nothing, [failed(Kind.COMPLIANCE, tool, done)]


def _evidence(subject: Subject) -> Mapping[str, bytes]:
    if subject.manifest is None or subject.lock is None:
        return {}
    return {"sbom": sbom(subject.manifest, subject.lock, content_hash=files_hash(subject.files))}


def _complete(declared: Manifest, files: Mapping[str, str], read: Read, *, unseen: bool) -> Iterator[Finding]:
    yield from completeness.described(declared)
    yield from completeness.explained(declared, files.get(completeness.README))
    if not unseen:
        yield from completeness.served(declared, read.routes)
        yield from completeness.settings(declared, read.settings)


def _documented(routes: list[Route]) -> Iterator[Finding]:
    for one in routes:
        where = completeness.address(one.method, one.route)
        if not one.documented:
            message, fix = f"{where} has no description", f"give {one.function}() a docstring that says what it does"
            yield _finding(ROUTES, "undocumented-route", message, one.path, one.line, fix)
        if not one.answered:
            message, fix = f"{where} does not say what it answers", "annotate what it returns, or give a response_model"
            yield _finding(ROUTES, "undocumented-answer", message, one.path, one.line, fix)


def _private(logged: list[Logged]) -> Iterator[Finding]:
    for one in logged:
        level, why, fix = _PRIVACY.get(one.rule, _PRIVACY["message-logged"])
        message = f"`{one.what[:100]}` goes to the log and {why}"
        yield _finding(PRIVACY, one.rule, message, one.path, one.line, fix, level)


def _version(declared: Manifest, previous: Mapping[str, str] | None) -> Iterator[Finding]:
    """The version grows with what has changed since the one before. An earlier one that cannot be read binds nobody."""
    before = manifests.read(previous or {})[0]
    if before is None:
        return
    found = differences(before, declared)
    least = max((one.change for one in found), default=Change.PATCH)
    if not fits(declared.version, previous=before.version, change=least):
        what = "; ".join(one.what for one in found[:5]) or "only the inside changed"
        wanted = next_version(before.version, least)
        yield _finding(
            VERSIONS,
            "version",
            f"{declared.version} says too little about a {least.word} change since {before.version}: {what}",
            manifest.PATH,
            _line(declared),
            f"the version is {wanted} at the least, or the change is to be taken back",
        )


def _line(declared: Manifest) -> int:
    """The manifest is rendered by us: its fields are in order."""
    return 1 + list(type(declared).model_fields).index("version")


def _finding(tool: str, rule: str, message: str, path: str, line: int, fix: str, level: Level = Level.ERROR) -> Finding:
    return Finding(
        kind=Kind.COMPLIANCE, tool=tool, rule=rule, level=level, message=message, path=path, line=line, fix=fix
    )
