"""What a validator is, and what it is given to look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from adapters.validation.workspace import Workspace
from domain.manifest import Manifest
from domain.packages import Lock
from domain.reports import Finding, Kind

Heartbeat = Callable[[str], None]


@dataclass(frozen=True)
class Subject:
    """One version under validation.

    `workspace` holds its files on disk and makes jails over them. `manifest` and `lock` are None if they could not be
    read or resolved (the syntax and compliance validators say so). `baseline` is an earlier revision of this version,
    `previous` the version before it.
    """

    workspace: Workspace
    manifest: Manifest | None = None
    lock: Lock | None = None
    baseline: Mapping[str, str] | None = None
    previous: Mapping[str, str] | None = None

    @property
    def files(self) -> Mapping[str, str]:
        return self.workspace.files


@dataclass(frozen=True)
class Found:
    """What a validator found. `evidence` holds documents it made on the way, by name: `sbom`, `measured`."""

    findings: list[Finding] = field(default_factory=list)
    evidence: Mapping[str, bytes] = field(default_factory=dict)


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
