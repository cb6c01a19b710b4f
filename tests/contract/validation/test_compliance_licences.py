"""Compliance: licences against the allow-list, and the bill of materials."""

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from adapters.validation.compliance import licences
from adapters.validation.compliance.sbom import sbom
from domain.artifacts import files_hash
from domain.packages import Lock, LockedPackage
from domain.reports import Level
from tests import proofs


def package(name: str, licence: str, *requires: str) -> LockedPackage:
    return LockedPackage(
        name=name,
        version="1.0",
        wheel=f"{name}-1.0-py3-none-any.whl",
        url=f"http://127.0.0.1/{name}.whl",
        sha256="ab" * 32,
        license=licence,
        requires=list(requires),
    )


def lock(*packages: LockedPackage) -> Lock:
    return Lock(requirements=[packages[0].name], packages=list(packages), text="")


@pytest.mark.parametrize(
    ("licence", "rule"),
    [
        ("MIT", None),
        ("mit", None),
        ("MIT OR GPL-3.0-only", None),
        ("(GPL-2.0-only OR BSD-3-Clause) AND MIT", None),
        ("MIT WITH LLVM-exception", None),
        ("MIT AND GPL-3.0-only", "license"),
        ("GPL-3.0-only", "license"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "license"),
        ("AGPL-3.0-or-later OR GPL-3.0-only", "license"),
        ("", "unknown-license"),
        ("MIT License", "unknown-license"),
        ("LicenseRef-Proprietary", "unknown-license"),
        ("MIT OR Whatever", "unknown-license"),
        ("MIT AND", "unknown-license"),
        ("(((((", "unknown-license"),
    ],
)
def test_a_licence_is_an_expression(licence: str, rule: str | None) -> None:
    found = licences.look(lock(package("thing", licence)), ["MIT", "BSD-3-Clause"])
    assert [(finding.rule, finding.level) for finding in found] == ([(rule, Level.ERROR)] if rule else [])


def test_a_licence_names_the_package_who_needs_it_and_what_to_do() -> None:
    found = licences.look(lock(package("top", "MIT", "deep"), package("deep", "GPL-3.0-only")), ["MIT"])
    (finding,) = found
    assert "deep 1.0 (needed by top) is under GPL-3.0-only" in finding.message
    assert "operator" in finding.fix
    (unknown,) = licences.look(None, ["MIT"])
    assert unknown.rule == "not-locked"


# The bill of materials


def test_the_bill_is_valid_by_the_published_schema_and_the_same_each_time() -> None:
    locked = lock(package("top", "MIT OR Apache-2.0", "Deep"), package("deep", ""), package("odd", "in words"))
    files = files_hash({"a.py": ""})
    bill = sbom(proofs.manifest(), locked, content_hash=files)
    assert bill == sbom(proofs.manifest(), locked, content_hash=files)
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(bill.decode()) is None
    assert validator.validate_str(bill.decode().replace("SHA-256", "SHA-255")) is not None
    found: Any = json.loads(bill)
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert "timestamp" not in found["metadata"]
    assert {one["purl"]: one["hashes"][0]["content"] for one in found["components"]} == {
        f"pkg:pypi/{name}@1.0": "ab" * 32 for name in ("top", "deep", "odd")
    }
    assert {one["ref"]: one.get("dependsOn", []) for one in found["dependencies"]} == {
        "pkg:generic/cities@1.0.0": ["pkg:pypi/top@1.0"],
        "pkg:pypi/top@1.0": ["pkg:pypi/deep@1.0"],
        "pkg:pypi/deep@1.0": [],
        "pkg:pypi/odd@1.0": [],
    }
    assert (
        found["serialNumber"]
        != json.loads(sbom(proofs.manifest(), locked, content_hash="sha256:" + "0" * 64))["serialNumber"]
    )
