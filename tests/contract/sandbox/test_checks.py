"""`check`: the good package is clean, and each fault is found by the right tool at the right place."""

import json

import pytest

from adapters.artifacts import FileArtifacts
from adapters.validation.engine import SandboxChecks
from domain.errors import InvalidInput
from domain.reports import CheckReport, Level
from tests.contract.sandbox.conftest import PACKAGE, quiet

CLIENT = f"{PACKAGE}/client.py"


def found(report: CheckReport) -> set[tuple[str, str, str]]:
    return {(finding.tool, finding.rule, finding.path) for finding in report.blocking}


async def test_the_good_package_is_clean_and_its_report_is_sarif(
    checks: SandboxChecks, good: dict[str, str], artifacts: FileArtifacts
) -> None:
    beats: list[str] = []
    report = await checks.check(good, heartbeat=beats.append)
    assert report.findings == []
    assert report.report.media_type == "application/sarif+json"
    stored = json.loads(await artifacts.get(report.report))
    assert stored["version"] == "2.1.0"
    tools = [run["tool"]["driver"]["name"] for run in stored["runs"]]
    assert tools == ["source", "manifest", "ruff format", "ruff", "mypy"]
    assert beats


async def test_a_type_error_names_its_line(
    checks: SandboxChecks, good: dict[str, str], artifacts: FileArtifacts
) -> None:
    good[CLIENT] = good[CLIENT].replace("timeout=10,", 'timeout="ten",')
    report = await checks.check(good, heartbeat=quiet)
    (finding,) = report.blocking
    line = good[CLIENT].splitlines().index('            timeout="ten",') + 1
    assert (finding.tool, finding.rule, finding.path) == ("mypy", "arg-type", CLIENT)
    assert finding.line == line
    (result,) = next(
        run["results"]
        for run in json.loads(await artifacts.get(report.report))["runs"]
        if run["tool"]["driver"]["name"] == "mypy"
    )
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (CLIENT, line)


async def test_a_syntax_error_is_said_once(checks: SandboxChecks, good: dict[str, str]) -> None:
    good[f"{PACKAGE}/models.py"] += "\ndef broken(:\n"
    report = await checks.check(good, heartbeat=quiet)
    assert found(report) == {("source", "syntax", f"{PACKAGE}/models.py")}
    assert report.findings[0].line == good[f"{PACKAGE}/models.py"].count("\n")


async def test_an_unformatted_file_comes_with_the_change(checks: SandboxChecks, good: dict[str, str]) -> None:
    good[CLIENT] = good[CLIENT].replace("timeout=10,", "timeout = 10,")
    report = await checks.check(good, heartbeat=quiet)
    assert found(report) == {("ruff format", "format", CLIENT)}
    assert "+            timeout=10," in report.findings[0].fix


async def test_lint_uses_our_rules_and_not_the_workspaces(checks: SandboxChecks, good: dict[str, str]) -> None:
    good["ruff.toml"] = 'lint.ignore = ["ALL"]\n'
    good[CLIENT] = good[CLIENT].replace('        """Read a colour."""\n', "")
    report = await checks.check(good, heartbeat=quiet)
    assert found(report) == {("ruff", "D102", CLIENT)}


@pytest.mark.parametrize(
    ("old", "new", "rule", "words"),
    [
        ("description: Looks up colours by their names.\n", "", "field", "description: Field required"),
        ("version: 1.0.0", "version: one", "field", "version: "),
        ("name: colour-names", "name: [", "yaml", "not YAML"),
        ("- uvicorn", "- uvicorn\n- requests", "requirement", "requests"),
        ("colour_names_integration.app:app", "other_package.app:app", "entry-point", "other_package/__init__.py"),
        ("entrypoint:", "surprise: 1\nentrypoint:", "field", "surprise: "),
    ],
)
async def test_a_bad_manifest(
    checks: SandboxChecks, good: dict[str, str], old: str, new: str, rule: str, words: str
) -> None:
    good["integration.yaml"] = good["integration.yaml"].replace(old, new, 1)
    report = await checks.check(good, heartbeat=quiet)
    assert ("manifest", rule, "integration.yaml") in found(report)
    assert any(words in finding.message for finding in report.blocking)


async def test_no_manifest(checks: SandboxChecks, good: dict[str, str]) -> None:
    del good["integration.yaml"]
    assert found(await checks.check(good, heartbeat=quiet)) == {("manifest", "missing", "integration.yaml")}


@pytest.mark.parametrize(
    "url", ["https://evil.example.net/x", "http://colours.example.com:81/", "https://colours.example.com@evil.net/"]
)
async def test_an_undeclared_host(checks: SandboxChecks, good: dict[str, str], url: str) -> None:
    good[CLIENT] = good[CLIENT].replace("https://colours.example.com/v1", url)
    report = await checks.check(good, heartbeat=quiet)
    assert ("manifest", "undeclared-host", CLIENT) in found(report)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("import subprocess\n", "forbidden-import"),
        ("from subprocess import run\n", "forbidden-import"),
        ("import socket\n", "forbidden-import"),
        ("import ctypes.util\n", "forbidden-import"),
        ("import os as o\n\no.system('x')\n", "forbidden-call"),
        ("from os import popen\n", "forbidden-call"),
        ("eval('1')\n", "forbidden-call"),
        ("# mypy: ignore-errors\n", "suppression"),
        ("# ruff: noqa\n", "suppression"),
    ],
)
async def test_forbidden_code(checks: SandboxChecks, good: dict[str, str], line: str, rule: str) -> None:
    good[CLIENT] += line
    assert ("source", rule, CLIENT) in found(await checks.check(good, heartbeat=quiet))


async def test_source_made_to_break_the_tools_is_a_finding(checks: SandboxChecks, good: dict[str, str]) -> None:
    good[f"{PACKAGE}/deep.py"] = "x = " + "-" * 150_000 + "1\n"
    good[f"{PACKAGE}/nul.py"] = "x = 1\0\n"
    report = await checks.check(good, heartbeat=quiet)
    assert report.blocking
    assert all(finding.level is Level.ERROR for finding in report.blocking)


@pytest.mark.parametrize("path", ["../out.py", "/etc/x.py", "a/../../b.py", "a//b.py", "a b.py", "", ".", "x\n.py"])
async def test_a_path_outside_the_workspace_is_refused(checks: SandboxChecks, good: dict[str, str], path: str) -> None:
    with pytest.raises(InvalidInput):
        await checks.check({**good, path: ""}, heartbeat=quiet)


async def test_a_path_that_is_file_and_folder_is_refused(checks: SandboxChecks, good: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        await checks.check({**good, "a": "", "a/b": ""}, heartbeat=quiet)
