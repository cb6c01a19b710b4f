"""The bench: unit tests in rounds, and contracts against a stub, each in jails of their own."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from adapters.packages import Packages
from adapters.sandbox.environments import Environments
from adapters.sandbox.jail import Limits
from adapters.sandbox.run import Completed, run
from adapters.sandbox.settings import SandboxSettings
from adapters.validation import programs
from adapters.validation.contracts.answers import answers, recorded
from adapters.validation.preparing import beating, prepared
from adapters.validation.rounds import Rounds
from adapters.validation.syntax import manifests
from adapters.validation.testing import Tests
from adapters.validation.validator import Heartbeat
from adapters.validation.workspace import Workspace, workspace
from domain.manifest import Manifest
from domain.ports import Artifacts
from domain.proving import ProvingPolicy
from domain.testing import CaseOutcome, ContractCase, Exchange, LiveAnswer, UnitReport

_SECONDS = 120.0
_STARTING_SECONDS = 60.0
_BORROWED = {"adapters.validation.performance": ("machine", "samples", "wire", "starting", "driver")}
_MODULES = ("fitting", "outside", "driver")
# As the runner's, but for a limit on processor time.
_LIMITS = Limits(memory=1 << 30, cpu=60, processes=64, open_files=512, tmp_size=64 << 20)
_NO_SECRET = "none"  # noqa: S105
_NO_ANSWER = "neither a recording nor the API's document says what the outside API answers"
_ANY = 1e6

Text = Annotated[str, StringConstraints(max_length=4000)]


class _Case(BaseModel):
    model_config = ConfigDict(extra="forbid")

    capability: Text
    source: Literal["recorded", "example", "schema", "live"]
    outcome: Literal["passed", "flaky", "failed", "skipped"]
    status: int = Field(ge=0, le=999)
    message: Text


class _Judged(BaseModel):
    model_config = ConfigDict(extra="forbid")

    started: bool
    said: Text
    cases: list[_Case] = Field(max_length=200)


class SandboxBench:
    """The port `Bench`. Raises SandboxUnavailable, InvalidInput for paths that are none, StorageUnavailable, and what
    `Packages.lock` does where the index cannot be read.
    """

    def __init__(
        self,
        artifacts: Artifacts,
        environments: Environments,
        packages: Packages,
        policy: ProvingPolicy,
        *,
        settings: SandboxSettings | None = None,
    ) -> None:
        self._artifacts = artifacts
        self._environments = environments
        self._packages = packages
        self._policy = policy
        self._settings = settings or SandboxSettings()

    async def units(self, files: Mapping[str, str], *, heartbeat: Heartbeat) -> UnitReport:
        declared, _ = manifests.read(files)
        async with self._space(files, declared, heartbeat) as space:
            rounds = Rounds(Tests(self._artifacts, self._settings), self._artifacts)
            return await rounds.run(space, heartbeat=heartbeat)

    async def contracts(
        self,
        files: Mapping[str, str],
        document: bytes | None,
        live: Sequence[LiveAnswer],
        *,
        heartbeat: Heartbeat,
    ) -> list[ContractCase]:
        """Nothing without a manifest, which says what to start: that is a validator's finding."""
        declared, _ = manifests.read(files)
        if declared is None:
            return []
        described = None if document is None else json.loads(document)
        outside = answers(declared.capabilities, described, recorded(files))
        if not outside and not live:
            return _unsaid(declared, outside)
        async with self._space(files, declared, heartbeat) as space:
            done = await run(
                replace(space.jail(_LIMITS), loopback=True),
                [space.python, *programs.ARGUMENTS],
                timeout=_SECONDS,
                heartbeat=heartbeat,
                stdin=_order(declared, outside, live),
                label="contracts",
            )
        return [*_read(declared, outside, live, done), *_unsaid(declared, outside)]

    @contextlib.asynccontextmanager
    async def _space(
        self, files: Mapping[str, str], declared: Manifest | None, heartbeat: Heartbeat
    ) -> AsyncIterator[Workspace]:
        preparing = prepared(self._packages, self._environments, declared, self._policy)
        ready = await beating(preparing, heartbeat, "building the environment")
        async with workspace(files, ready.environment, ready.tools) as space:
            yield space


def _order(manifest: Manifest, outside: Mapping[str, Exchange], live: Sequence[LiveAnswer]) -> bytes:
    """What the driver is given: the settings as the runner would give them, with secrets that are none."""
    defaults = {key.name: key.default for key in manifest.configuration if key.default is not None}
    given: dict[str, JsonValue] = {
        "entrypoint": manifest.entrypoint,
        "environment": {**defaults, **{secret.name: _NO_SECRET for secret in manifest.secrets}},
        "health": manifest.health.endpoint,
        "seconds": _STARTING_SECONDS,
        # How fast it starts is not asked here.
        "import_seconds": _ANY,
        "startup_seconds": _ANY,
        "capabilities": [one.model_dump(mode="json") for one in manifest.capabilities],
        "outside": {name: one.model_dump(mode="json") for name, one in outside.items()},
        "live": {one.capability: one.model_dump(mode="json") for one in live},
    }
    return programs.order(__package__, _MODULES, given, borrowed=_BORROWED)


def _read(
    manifest: Manifest, outside: Mapping[str, Exchange], live: Sequence[LiveAnswer], done: Completed
) -> list[ContractCase]:
    """What the jail says, as far as it was asked; what it does not tell of has failed."""
    wanted = [(one.name, outside[one.name].source) for one in manifest.capabilities if one.name in outside]
    declared = {one.name for one in manifest.capabilities}
    asked: list[tuple[str, str]] = [*wanted, *((one.capability, "live") for one in live if one.capability in declared)]
    why = "took too long" if done.timed_out else f"ended with {done.returncode}"
    try:
        judged = _Judged.model_validate_json(done.stdout)
    except ValidationError:
        said = done.stderr.decode(errors="replace").strip()[-500:]
        judged = _Judged(started=False, said=f"The judging {why}. {said}", cases=[])
    told = {(one.capability, one.source): one for one in judged.cases}
    message = "nothing is told of it" if judged.started else f"it did not start: {judged.said.strip()[-800:]}"
    return [
        ContractCase.model_validate(told[key].model_dump())
        if key in told
        else ContractCase.model_validate(
            {"capability": key[0], "source": key[1], "outcome": CaseOutcome.FAILED, "message": message}
        )
        for key in asked
    ]


def _unsaid(manifest: Manifest, outside: Mapping[str, Exchange]) -> list[ContractCase]:
    return [
        ContractCase(capability=one.name, source="schema", outcome=CaseOutcome.SKIPPED, message=_NO_ANSWER)
        for one in manifest.capabilities
        if one.name not in outside
    ]
