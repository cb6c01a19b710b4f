"""Bundles as the product makes them, of any files: reports, bill of materials, lock, and a verdict over all of it."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.attestation.envelopes import DsseSigner
from adapters.attestation.keys import listed, public_of
from adapters.validation.compliance.sbom import sbom
from adapters.validation.sarif import sarif
from domain.artifacts import files_hash
from domain.bundle import Bundle, digests
from domain.manifest import Manifest
from domain.packages import Lock, LockedPackage
from domain.plan import Capability, OperationUse
from domain.reports import Effect, Finding, Level
from domain.verdict import Statement, passed

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(range(32, 64))).decode()
AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
POLICY = "ab" * 32

JUNIT = b'<testsuites><testsuite><testcase name="one"/><testcase name="two"/></testsuite></testsuites>'
FAILED_JUNIT = b'<testsuites><testsuite><testcase name="one"><failure/></testcase></testsuite></testsuites>'
SARIF = sarif(["ruff", "mypy"], [], {})
BLOCKED_SARIF = sarif(["ruff"], [Finding(tool="ruff", rule="E501", level=Level.ERROR, message="too long")], {})
NOTED_SARIF = sarif(
    ["ruff"], [Finding(tool="ruff", rule="X", level=Level.NOTE, message="so it is", effect=Effect.NOTE)], {}
)
LOCK = Lock(
    requirements=["fastapi"],
    packages=[
        LockedPackage(
            name="fastapi",
            version="1.0",
            wheel="fastapi-1.0-py3-none-any.whl",
            url="http://127.0.0.1/fastapi-1.0-py3-none-any.whl",
            sha256="cd" * 32,
            license="MIT",
        )
    ],
    text='lock-version = "1.0"\n',
)
FILES = {"README.md": "# cities\n", "cities_integration/app.py": 'NAME = "Ķaunas"\n', "tests/test_app.py": ""}


def public(key: str = KEY) -> str:
    """The public key of a private one, as a setting has it."""
    return listed(public_of(key))


def manifest(**changes: Any) -> Manifest:
    operation = OperationUse(method="get", path="/cities", purpose="Read.")
    capability = Capability(
        name="cities.list", description="Lists cities.", method="get", route="/cities", operation=operation
    )
    fields = {
        "name": "cities",
        "version": "1.0.0",
        "description": "Lists cities.",
        "author": "ada",
        "base_url": "https://cities.example.com",
        "entrypoint": "cities_integration.app:app",
        "dependencies": [],
        "capabilities": [capability],
        "hosts": ["cities.example.com"],
        "configuration": [],
        "secrets": [],
    }
    return Manifest.model_validate(fields | changes)


def unsigned(
    files: Mapping[str, str] = FILES, *, name: str = "cities", version: str = "1.0.0", lock: Lock = LOCK, **parts: bytes
) -> Bundle:
    """All parts but the verdict."""
    bom = sbom(manifest(name=name, version=version), lock, content_hash=files_hash(files))
    made = {"checks": SARIF, "tests": JUNIT, "sbom": bom, "lock": lock.text.encode(), "verdict": b""}
    return Bundle(files=files, **(made | parts))


def statement(parts: Bundle, *, name: str = "cities", version: str = "1.0.0") -> Statement:
    return passed(
        name=name,
        version=version,
        content_hash=files_hash(parts.files),
        policy=POLICY,
        inputs=digests(parts),
        at=AT,
    )


def signed(parts: Bundle, said: Statement, *, key: str = KEY) -> bytes:
    """The bundle with `said` as its verdict."""
    verdict = DsseSigner(key).sign(said)
    return Bundle(parts.files, parts.checks, parts.tests, parts.sbom, parts.lock, verdict).pack()


def proven(
    files: Mapping[str, str] = FILES,
    *,
    name: str = "cities",
    version: str = "1.0.0",
    lock: Lock = LOCK,
    key: str = KEY,
    **parts: bytes,
) -> bytes:
    """A bundle that holds what its verdict says; `parts` replace a report."""
    made = unsigned(files, name=name, version=version, lock=lock, **parts)
    return signed(made, statement(made, name=name, version=version), key=key)
