"""What a validator is, and what it is given to look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from adapters.validation.workspace import Workspace
from domain.manifest import Manifest
from domain.packages import Lock
from domain.reports import Finding, Kind, MutationScore

Heartbeat = Callable[[str], None]


@dataclass(frozen=True)
class Subject:
    """One version under validation.

    `workspace` holds its files on disk and makes jails over them. `manifest` and `lock` are None if they could not be
    read or resolved; the syntax validator says so, and `unresolved` why there is no lock. `baseline` is an earlier
    revision of this version, `previous` the version before it.
    """

    workspace: Workspace
    manifest: Manifest | None = None
    lock: Lock | None = None
    baseline: Mapping[str, str] | None = None
    previous: Mapping[str, str] | None = None
    unresolved: str = ""

    @property
    def files(self) -> Mapping[str, str]:
        return self.workspace.files


@dataclass(frozen=True)
class Found:
    """What a validator found. `evidence` holds documents it made on the way, by name: `sbom`, `measured`.

    `keep_for` is for how many seconds it may be remembered: None for good, since the same content looked at by the
    same tools is found alike; a number where the world outside has a say; 0 not at all. What a failed tool left is not
    remembered.
    """

    findings: list[Finding] = field(default_factory=list)
    evidence: Mapping[str, bytes] = field(default_factory=dict)
    keep_for: float | None = None


class Validator(Protocol):
    """One kind of look. It runs what it needs in jails, at the same time as the others, and never raises for what the
    files are like: a tool that fails or takes too long is a finding.

    `tools` names what it looks with, for SARIF: one run a tool, also for a tool that found nothing.
    """

    @property
    def kind(self) -> Kind: ...

    @property
    def tools(self) -> tuple[str, ...]: ...

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found: ...


class MutationTester(Protocol):
    """Puts small faults into code whose tests all pass, and sees which of them the tests notice."""

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> tuple[MutationScore, list[Finding]]: ...
