"""Compliance: the good package is clean, and each fault is found by the right tool at the right place."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from adapters.validation.compliance import licences
from adapters.validation.compliance.validator import ROUTES, Compliance
from domain import evidence
from domain.artifacts import files_hash
from domain.proving import ProvingPolicy
from domain.reports import Finding, Kind, Level
from tests.contract.sandbox.conftest import PACKAGE
from tests.contract.validation.conftest import Files, Look, seen
from tests.unit.simulators.executor import Executor, load
from tests.unit.simulators.test_documents import MODERN, NASTY, planned

APP = f"{PACKAGE}/app.py"
MANIFEST = "integration.yaml"
DOCUMENTS = Path(__file__).parents[2] / "unit" / "simulators" / "documents"


@pytest.fixture
def compliance(policy: ProvingPolicy) -> Compliance:
    return Compliance(policy)


def with_manifest(files: Files, **changes: object) -> Files:
    # By way of JSON: what occurs twice would become an alias, and a manifest may have none.
    changed = json.loads(json.dumps(yaml.safe_load(files[MANIFEST]) | changes))
    return files | {MANIFEST: yaml.safe_dump(changed, sort_keys=False)}


def said(findings: Sequence[Finding], rule: str) -> list[str]:
    return [finding.message for finding in findings if finding.rule == rule]


async def test_the_good_package_is_clean_but_for_a_note(look: Look, good: Files, compliance: Compliance) -> None:
    found = await look(compliance, good)
    assert {finding.level for finding in found.findings} <= {Level.NOTE}
    assert {finding.kind for finding in found.findings} <= {Kind.COMPLIANCE}
    assert evidence.packages(found.evidence["sbom"], content_hash=files_hash(good)) > len(compliance.tools)


async def test_there_is_no_bill_of_what_is_not_locked(look: Look, good: Files, compliance: Compliance) -> None:
    found = await look(compliance, with_manifest(good, requirements=["no-such-package-here"]))
    assert found.evidence == {}
    assert (licences.TOOL, "not-locked", MANIFEST) in seen(found.findings)


# The manifest is complete


async def test_what_the_manifest_leaves_out(look: Look, good: Files, compliance: Compliance) -> None:
    (capability,) = yaml.safe_load(good[MANIFEST])["capabilities"]
    files = with_manifest(
        good,
        description=" ",
        author="",
        capabilities=[
            capability | {"description": " "},
            capability | {"name": "colours.list", "route": "/colours"},
            capability | {"name": "colours.paint", "method": "post"},
        ],
        health={"endpoint": "/alive", "interval": 30, "timeout": 5},
    )
    findings = (await look(compliance, files)).findings
    assert said(findings, "undescribed") == [
        "description is empty",
        "author is empty",
        "capabilities: colours.get: description is empty",
    ]
    assert [message.partition(",")[0] for message in said(findings, "not-served")] == [
        "the capability colours.list is to be served at GET /colours",
        "the capability colours.paint is to be served at POST /colours/{}",
    ]
    assert len(said(findings, "no-health-check")) == 1
    assert [message.split(" of ")[0] for message in said(findings, "readme")] == [
        "it does not name the route GET /colours",
        "it does not name the route POST /colours/{name}",
    ]


async def test_a_readme_and_a_path_that_cannot_be_deployed(look: Look, good: Files, compliance: Compliance) -> None:
    long = "x" * 120 + ".txt"
    del good["README.md"]
    findings = (await look(compliance, good | {long: ""})).findings
    assert {("completeness", "no-readme", "README.md"), ("completeness", "path", long)} <= seen(findings)


async def test_settings_that_are_read_and_not_declared(look: Look, good: Files, compliance: Compliance) -> None:
    good[f"{PACKAGE}/settings.py"] = '''"""Settings."""

import os
from os import environ, getenv

NAME = "BY_CONSTANT"
READ = [os.environ["BY_ITEM"], os.environ.get("BY_GET", ""), os.getenv("BY_GETENV"), environ["BY_NAME"]]
MORE = [getenv("BY_FUNCTION"), os.environ[NAME], "BY_QUESTION" in os.environ, os.environ.get("BASE_URL")]
ANY = [os.environ[name] for name in READ if name]
OTHER = {"environ": {"NOT_ONE": 1}}["environ"]["NOT_ONE"]
'''
    findings = (await look(compliance, good)).findings
    undeclared = [message.split()[3] for message in said(findings, "undeclared-setting")]
    assert sorted(undeclared) == [
        "BY_CONSTANT",
        "BY_FUNCTION",
        "BY_GET",
        "BY_GETENV",
        "BY_ITEM",
        "BY_NAME",
        "BY_QUESTION",
    ]
    assert len(said(findings, "dynamic-setting")) == 1


# Routes


async def test_routes_that_say_nothing(look: Look, good: Files, compliance: Compliance) -> None:
    good[APP] += '''

@app.get("/bare")
async def bare():
    return {}


@app.post("/summed", summary="Adds up.", response_model=dict[str, str])
async def summed():
    return {}


@app.api_route("/any", methods=["GET", "PUT"])
async def anything() -> Any:
    """Do anything."""
'''
    findings = (await look(compliance, good)).findings
    assert said(findings, "undocumented-route") == ["GET /bare has no description"]
    assert said(findings, "undocumented-answer") == [
        "GET /bare does not say what it answers",
        "GET /any does not say what it answers",
        "PUT /any does not say what it answers",
    ]
    line = good[APP].splitlines().index("async def bare():") + 1
    assert {(one.path, one.line) for one in findings if "/bare" in one.message} == {(APP, line)}


async def test_routes_behind_routers_are_found(look: Look, good: Files, compliance: Compliance) -> None:
    """Prefixes of a router, of its inclusion, and of the router that includes it; a path as a constant."""
    (capability,) = yaml.safe_load(good[MANIFEST])["capabilities"]
    names = {"colours.read": "/v1/colours/{id}/shade", "colours.all": "/v1/all", "colours.plain": "/plain"}
    capabilities = [capability, *(capability | {"name": name, "route": route} for name, route in names.items())]
    good[f"{PACKAGE}/shades.py"] = '''"""Shades."""

from fastapi import APIRouter

router = APIRouter(prefix="/colours")


@router.get("/{colour:path}/shade")
async def shade(colour: str) -> str:
    """Give a shade."""
    return colour
'''
    good[f"{PACKAGE}/routes.py"] = f'''"""Routes."""

from fastapi import APIRouter

from {PACKAGE}.shades import router as shades

PATH = "/all"
api = APIRouter()
api.include_router(shades)


@api.get(PATH)
async def everything() -> str:
    """Give all."""
    return ""
'''
    good[APP] += f'''
from {PACKAGE} import routes

app.include_router(routes.api, prefix="/v1")


async def plain() -> str:
    """Give it plain."""
    return ""


app.add_api_route("/plain", plain)
'''
    findings = (await look(compliance, with_manifest(good, capabilities=capabilities))).findings
    assert said(findings, "not-served") == []
    assert {ROUTES} & {finding.tool for finding in findings} == set()


# Code that lies to its reader, and code that our own model of Claude writes


async def test_code_that_cannot_be_read_costs_nothing_but_itself(
    look: Look, good: Files, compliance: Compliance
) -> None:
    good[f"{PACKAGE}/broken.py"] = "def broken(:\n"
    good[f"{PACKAGE}/deep.py"] = "x = " + "(" * 5_000 + ")" * 5_000 + "\n"
    good[f"{PACKAGE}/long.py"] = f'import os\nos.environ["{"A" * 5_000}"]\n'
    found = await look(compliance, good)
    assert {one.rule for one in found.findings if one.level is Level.ERROR} == {"tool-failed"}


def files_in(folder: Path) -> Files:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.*")}


class Trusting(Executor):
    """The simulated Claude is told that its code is clean and tested, which tests/unit/simulators is about."""

    def findings(self) -> list[str]:
        return []

    def tests(self) -> str:
        return "5 passed, 0 failed, 0 skipped."


@pytest.mark.parametrize(
    ("document", "wish"), [("nasty.yaml", NASTY), ("modern.yaml", MODERN)], ids=["nasty", "modern"]
)
async def test_what_the_simulated_claude_writes_is_clean(
    look: Look, compliance: Compliance, document: str, wish: str, tmp_path: Path
) -> None:
    executor = Trusting(load(DOCUMENTS / document), tmp_path)
    executor.generate(planned(executor.analyse(wish)))
    found = await look(compliance, files_in(tmp_path))
    assert [one.line_of_text() for one in found.findings if one.level is not Level.NOTE] == []
    assert "sbom" in found.evidence
