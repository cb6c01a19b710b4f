"""What was found before, by the hash of everything that it depends on, in the artifact store for every worker."""

import hashlib
import json
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from adapters.validation.tool import FAILED, TOOLS
from adapters.validation.validator import Subject, Validator
from domain.artifacts import ArtifactRef, files_hash
from domain.base import Data
from domain.errors import Corrupted, NotFound
from domain.ports import Artifacts
from domain.proving import ProvingPolicy
from domain.reports import Finding, TestReport

_OURS = ("domain", "adapters.osv", "adapters.packages", "adapters.sandbox", "adapters.validation")
_JSON = "application/json"

_Model = TypeVar("_Model", bound=BaseModel)


class Remembered(Data):
    """What one validator found, not yet judged. `until` is a Unix time; None is for good."""

    findings: list[Finding]
    evidence: dict[str, ArtifactRef] = Field(default={})
    until: float | None = None


class Memory:
    """Looks are kept under `checks/KIND/KEY.json`, test runs under `tests/KEY.json`.

    The key covers the content, what it is compared with, what it is installed with, the tools' versions, our own source
    and the policy: where one of them changes, it is looked at anew.
    """

    def __init__(self, artifacts: Artifacts, policy: ProvingPolicy, *, clock: Callable[[], float] = time.time) -> None:
        self._artifacts = artifacts
        self._policy = policy.model_dump_json()
        self.clock = clock

    def key_of_look(self, validator: Validator, subject: Subject) -> str:
        who = type(validator)
        settings = getattr(validator, "settings", "")
        key = self._key(subject, f"{who.__module__}.{who.__qualname__} {validator.tools} {settings}")
        return f"checks/{validator.kind}/{key}.json"

    def key_of_tests(self, subject: Subject, how: str) -> str:
        return f"tests/{self._key(subject, how)}.json"

    async def look(self, key: str) -> Remembered | None:
        found = await self._recall(Remembered, key)
        return None if found is None or (found.until is not None and found.until <= self.clock()) else found

    async def tests(self, key: str) -> TestReport | None:
        return await self._recall(TestReport, key)

    async def keep_look(self, key: str, found: Remembered) -> Remembered:
        """A tool that failed may do better the next time, so that is not kept, nor what is old already."""
        old = found.until is not None and found.until <= self.clock()
        if old or any(finding.rule == FAILED for finding in found.findings):
            return found
        return await self._keep(key, found)

    async def keep_tests(self, key: str, report: TestReport) -> TestReport:
        """Kept if all passed or some plainly failed: a run that was stopped, or could not be, may do better."""
        if report.error or any(finding.rule == FAILED for finding in report.findings):
            return report
        return await self._keep(key, report)

    def _key(self, subject: Subject, what: str) -> str:
        parts = [
            what,
            files_hash(subject.files),
            *("" if files is None else files_hash(files) for files in (subject.baseline, subject.previous)),
            subject.unresolved if subject.lock is None else subject.lock.text,
            self._policy,
            _versions(),
            _source(),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    async def _recall(self, model: type[_Model], key: str) -> _Model | None:
        try:
            return model.model_validate_json(await self._artifacts.read(key))
        except (NotFound, ValidationError):
            return None

    async def _keep(self, key: str, found: _Model) -> _Model:
        try:
            await self._artifacts.publish(key, found.model_dump_json().encode(), _JSON)
        except Corrupted:  # a rival looked at the same and was a moment later; theirs is as good
            theirs = await self._recall(type(found), key)
            if theirs is None:
                raise
            return theirs
        return found


@cache
def _versions() -> str:
    return " ".join(f"{tool}=={version(tool)}" for tool in TOOLS)


@cache
def _source() -> str:
    """The hash of our own code that has a say in what is found."""
    digest = hashlib.sha256()
    for package in _OURS:
        spec = find_spec(package)
        for folder in spec.submodule_search_locations or [] if spec else []:
            for path in sorted(Path(folder).rglob("*.py")):
                digest.update(f"{package}/{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
