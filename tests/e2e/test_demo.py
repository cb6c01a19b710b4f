"""`ccb demo`, from outside: what it promises to print is true, and nothing of it is left."""

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.demo import Demo, Ended

NASTY = Path(__file__).parents[1] / "unit" / "simulators" / "documents" / "nasty.yaml"
STAGES = ["requested", "analyzing", "generating", "testing", "reviewing", "deploying", "active"]
SMALL = {
    "openapi": "3.1.0",
    "info": {"title": "Cities", "version": "1"},
    "servers": [{"url": "https://cities.example.com"}],
    "paths": {
        "/cities": {
            "get": {
                "operationId": "listCities",
                "summary": "List the cities.",
                "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {}}}}},
            }
        }
    },
}


@pytest.fixture
def demo(tmp_path: Path) -> Callable[..., Awaitable[Ended]]:
    """Runs a demo to its end; each has a folder of its own."""

    async def run(*arguments: str | Path, name: str = "demo") -> Ended:
        folder = tmp_path / name
        folder.mkdir()
        async with Demo.running(folder, *arguments) as demo:
            return await demo.ended()

    return run


def check_result(result: dict[str, Any]) -> None:
    """The object has exactly what is promised, each of its type."""
    texts = {"integration", "version", "stage", "run_id", "workflow_id", "pull_request", "url"}
    parts = {"health", "capability", "tests", "stages"}
    assert result.keys() == texts | parts | {"cost_usd", "seconds"}
    assert all(isinstance(result[name], str) and result[name] for name in texts)
    assert result["health"] == {"status_code": 200}
    assert result["capability"].keys() == {"name", "status_code"}
    assert 200 <= result["capability"]["status_code"] < 300
    assert result["tests"].keys() == {"passed", "failed"}
    assert result["tests"]["passed"] > 0
    assert result["tests"]["failed"] == 0
    assert isinstance(result["cost_usd"], float)
    assert result["cost_usd"] > 0
    assert result["stage"] == "active"
    assert [stage["name"] for stage in result["stages"]] == STAGES
    spent = sum(stage["seconds"] for stage in result["stages"])
    assert all(
        isinstance(stage["seconds"], float) and stage.keys() == {"name", "seconds"} for stage in result["stages"]
    )
    assert 0 < spent < result["seconds"]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_what_it_says_is_true_while_it_is_kept(tmp_path: Path) -> None:
    """The default document: the stack's own Temporal server. Read back where things live, then ended by Ctrl-C."""
    async with Demo.running(tmp_path, "--json", "--keep") as demo:
        result = await demo.line()
        check_result(result)
        data_dir = tmp_path / found_in(tmp_path)
        await check_where_it_lives(result, data_dir)
        demo.interrupt()
        ended = await demo.ended()
    assert ended.code == 0, ended.err
    assert not ended.out
    assert not ended.left
    assert ended.files == [data_dir.name]


def found_in(folder: Path) -> str:
    (path,) = folder.iterdir()
    return path.name


async def check_where_it_lives(result: dict[str, Any], data_dir: Path) -> None:
    addresses = json.loads((data_dir / "stack.json").read_text())
    token = json.loads((data_dir / "simulators.json").read_text())["github"]["token"]
    key = (data_dir / "operator.key").read_text().strip()
    github, api = (
        f"{addresses['simulators_url']}/github/api/v3/repos/acme/integrations",
        f"{addresses['api_url']}/api/v1",
    )
    number = result["pull_request"].rpartition("/")[2]
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        pull = await client.get(f"{github}/pulls/{number}", headers={"Authorization": f"Bearer {token}"})
        health = await client.get(f"{result['url']}/health")
        registered = await client.get(
            f"{api}/registry/{result['integration']}", headers={"Authorization": f"Bearer {key}"}
        )
        entry = registered.json()
        (listing,) = [one for one in entry["capabilities"] if one["name"] == result["capability"]["name"]]
        capability = await client.get(f"{result['url']}{listing['route']}")
    assert pull.json()["merged"] is True
    assert pull.json()["html_url"] == result["pull_request"]
    assert health.status_code == 200
    assert (entry["version"], entry["url"]) == (result["version"], result["url"])
    # Real data of a server that nobody here wrote.
    assert "temporal-system" in capability.text


def nasty() -> str:
    """Odd names, injections and circles, without the references that lead nowhere: those are refused."""
    lines = NASTY.read_text().splitlines()
    return "\n".join(line for line in lines if not re.match(r"\s*(loop|Loop|nothing|elsewhere):", line))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "text"), [("cities.json", json.dumps(SMALL)), ("nasty.yaml", nasty())])
async def test_any_document_will_do(
    name: str, text: str, demo: Callable[..., Awaitable[Ended]], tmp_path: Path
) -> None:
    spec = tmp_path / name
    spec.write_text(text)
    ended = await demo("--json", "--spec", spec)
    assert ended.code == 0, ended.err
    check_result(ended.result)
    assert len(ended.out.splitlines()) == 1
    assert not ended.left
    assert not ended.files


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('swagger: "2.0"\ninfo: {title: Old, version: "1"}\npaths: {}\n', "2.0"),
        ('{"name": "something else"}', "OpenAPI"),
        ('openapi: 3.0.3\ninfo: {title: None, version: "1"}\npaths: {}\n', "operation"),
        (NASTY.read_text(), "#/components/schemas/Loop"),
        ("", "empty"),
    ],
    ids=["swagger 2.0", "other JSON", "no operations", "loops in itself", "empty"],
)
async def test_what_is_no_document_is_refused_in_one_sentence(
    text: str, word: str, demo: Callable[..., Awaitable[Ended]], tmp_path: Path
) -> None:
    spec = tmp_path / "spec"
    spec.write_text(text)
    ended = await demo("--spec", spec)
    assert ended.code == 2
    (sentence,) = ended.err.strip().splitlines()
    assert word in sentence
    assert sentence.endswith((".", ")"))
    assert not ended.out
    assert not ended.left
    assert not ended.files


@pytest.mark.parametrize("option", ["--spec", "--issue"])
async def test_a_file_that_is_not_there_starts_nothing(option: str, demo: Callable[..., Awaitable[Ended]]) -> None:
    ended = await demo(option, "/nowhere/file.yaml")
    assert ended.code == 2
    (sentence,) = ended.err.strip().splitlines()
    assert "/nowhere/file.yaml" in sentence
    assert not ended.out
    assert not ended.left
    assert not ended.files
