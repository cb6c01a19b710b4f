"""The bench: unit tests in rounds, and contracts against recorded, documented and live answers."""

import json
from pathlib import Path

import pytest

from adapters.artifacts import FileArtifacts
from adapters.packages import Packages
from adapters.policy import ProvingSettings
from adapters.sandbox import Environments, SandboxSettings
from adapters.validation.contracts import SandboxBench
from adapters.validation.rounds import THE_RUN
from domain import manifest
from domain.plan import Capability, OperationUse, Plan
from domain.testing import CaseOutcome, ContractCase, LiveAnswer

APP = """\
import os

import httpx
from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel

app = FastAPI()


class City(BaseModel):
    name: str
    people: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


async def fetched(path: str) -> object:
    async with httpx.AsyncClient(base_url=os.environ["BASE_URL"], timeout=5) as client:
        answer = await client.get(path)
    return answer.json()


@app.get("/cities")
async def cities() -> list[City]:
    return [City.model_validate(one) for one in await fetched("/v1/cities")]


@app.get("/cities/{code}")
async def city(code: str) -> City:
    return City.model_validate(await fetched(f"/v1/cities/{code}"))


@app.get("/elsewhere")
async def elsewhere() -> dict[str, str]:
    await fetched("/v1/other")
    return {}


@app.get("/raw", response_model=City)
async def raw() -> Response:
    return Response('{"name": 5}', media_type="application/json")


@app.get("/refusing")
async def refusing() -> dict[str, str]:
    raise HTTPException(403, "no")
"""


def capability(name: str, route: str, path: str) -> Capability:
    use = OperationUse(method="get", path=path, purpose="Reads it.")
    return Capability(
        name=f"cities.{name}",
        description="Cities.",
        method="get",
        route=route,
        operation=use,
        example=route.replace("{code}", "osl"),
    )


CAPABILITIES = [
    capability("list", "/cities", "/cities"),
    capability("one", "/cities/{code}", "/cities/{code}"),
    capability("elsewhere", "/elsewhere", "/cities"),
    capability("raw", "/raw", "/cities"),
    capability("refusing", "/refusing", "/cities"),
    capability("undocumented", "/unknown", "/unknown"),
]
CITY = {"type": "object", "properties": {"name": {"type": "string"}, "people": {"type": "integer"}}}
DOCUMENT = {
    "openapi": "3.0.3",
    "components": {"schemas": {"City": CITY}},
    "paths": {
        "/cities": {
            "get": {
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {"application/json": {"example": [{"name": "Oslo", "people": 1}]}},
                    }
                }
            }
        },
        "/cities/{code}": {
            "get": {
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/City"}}},
                    }
                }
            }
        },
    },
}
RECORDED = [{"method": "GET", "path": "/cities/osl", "status": 200, "body": {"title": "Oslo"}}]


@pytest.fixture
def bench(tmp_path: Path, environments: Environments, packages: Packages) -> SandboxBench:
    artifacts = FileArtifacts(tmp_path / "artifacts")
    return SandboxBench(
        artifacts, environments, packages, ProvingSettings().load(), settings=SandboxSettings(seconds=20)
    )


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    plan = Plan(
        name="cities",
        summary="Cities.",
        base_url="https://cities.example.com/v1",
        capabilities=CAPABILITIES,
        hosts=["cities.example.com"],
        acceptance=["It lists."],
    )
    told = manifest.render(manifest.from_plan(plan, version="1.0.0", author="ada"))
    return {
        manifest.PATH: told,
        "cities_integration/__init__.py": '"""Cities."""\n',
        "cities_integration/app.py": APP,
        "tests/__init__.py": "",
        "tests/test_app.py": "def test_good() -> None:\n    assert True\n",
    }


def quiet(message: str) -> None:
    """A heartbeat nobody listens to."""


async def judged(
    bench: SandboxBench, files: dict[str, str], *live: LiveAnswer, document: object = DOCUMENT
) -> dict[tuple[str, str], ContractCase]:
    data = None if document is None else json.dumps(document).encode()
    cases = await bench.contracts(files, data, live, heartbeat=quiet)
    return {(case.capability.removeprefix("cities."), case.source): case for case in cases}


async def test_what_the_document_says_is_what_the_stub_answers(bench: SandboxBench, files: dict[str, str]) -> None:
    found = await judged(bench, files)
    told = {key: (case.outcome.value, case.status) for key, case in found.items()}
    assert told == {
        ("list", "example"): ("passed", 200),
        ("one", "schema"): ("passed", 200),
        ("elsewhere", "example"): ("failed", 200),
        ("raw", "example"): ("failed", 200),
        ("refusing", "example"): ("skipped", 403),
        ("undocumented", "schema"): ("skipped", 0),
    }
    assert "called GET /v1/other" in found["elsewhere", "example"].message
    assert found["raw", "example"].message == "the answer has no 'people'"
    assert "neither a recording nor" in found["undocumented", "schema"].message


async def test_a_recording_comes_before_the_document_and_live_answers_are_held_against_the_version(
    bench: SandboxBench, files: dict[str, str]
) -> None:
    recorded = {**files, "tests/recordings/cities.json": json.dumps(RECORDED), "tests/recordings/bad.json": "{"}
    good, bad = '[{"name": "Oslo", "people": 3}]', '{"name": "Oslo"}'
    found = await judged(
        bench,
        recorded,
        LiveAnswer(capability="cities.list", status=200, body=good, at_first="it answered 503"),
        LiveAnswer(capability="cities.one", status=200, body=bad),
        LiveAnswer(capability="cities.raw", error="no answer within 20 s"),
        LiveAnswer(capability="cities.nobody", status=200, body=good),
        document=None,
    )
    told = {key: (case.outcome.value, case.message) for key, case in found.items() if case.outcome != "skipped"}
    assert told.pop(("one", "recorded"))[0] == "failed", "the recorded answer has no people: it is not what it expects"
    assert told == {
        ("list", "live"): ("flaky", "it answered 503"),
        ("one", "live"): ("failed", "the answer has no 'people'"),
        ("raw", "live"): ("failed", "no answer within 20 s"),
    }


async def test_one_that_does_not_start_has_failed_each(bench: SandboxBench, files: dict[str, str]) -> None:
    broken = {**files, "cities_integration/app.py": "raise RuntimeError('not today')\n"}
    found = await judged(bench, broken)
    assert found["list", "example"].outcome is CaseOutcome.FAILED
    assert "not today" in found["list", "example"].message


async def test_what_fails_is_run_once_more_and_nothing_is_remembered(
    bench: SandboxBench, files: dict[str, str]
) -> None:
    good = await bench.units(files, heartbeat=quiet)
    assert (good.rounds, [case.outcome for case in good.cases]) == (1, [CaseOutcome.PASSED])
    failing = {**files, "tests/test_bad.py": "def test_bad() -> None:\n    assert False, 'bad'\n"}
    report = await bench.units(failing, heartbeat=quiet)
    assert (report.rounds, [case.outcome for case in report.cases]) == (2, [CaseOutcome.PASSED, CaseOutcome.FAILED])


async def test_no_tests_is_a_failure_of_the_run(bench: SandboxBench, files: dict[str, str]) -> None:
    report = await bench.units({path: text for path, text in files.items() if "tests/" not in path}, heartbeat=quiet)
    [case] = report.cases
    assert (case.name, case.outcome) == (THE_RUN, CaseOutcome.FAILED)
    assert "no tests" in case.message
