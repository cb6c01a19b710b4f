"""`ccb` as people run it: a process of its own against a running API."""

import json
from pathlib import Path

import pytest

from domain.people import Role
from tests.api.stand_in import CONTENT
from tests.api.test_runs import a_run, in_stage
from tests.api.world import DOCUMENT, Ran, World, fresh_name, run_ccb
from tests.servers import free_ports


def is_sentence(ran: Ran, code: int, *words: str) -> None:
    assert ran.code == code, ran
    assert ran.out == ""
    assert ran.err.count("\n") == 1, ran.err
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "weather.json"
    file.write_text(json.dumps(DOCUMENT))
    return file


async def test_asking_watching_and_approving(world: World, spec: Path):
    name = fresh_name("cities")
    key = await world.key(Role.DEVELOPER)
    made = await world.ccb("create", "--title", "Cities", "--spec", str(spec), "--name", name, "--json", key=key)
    assert made.code == 0, made
    started = made.json()
    async with world.client() as api:
        await in_stage(api, name, "reviewing")
        found = (await api.get(f"/api/v1/integrations/{name}")).json()
    assert found["id"] == started["integration_id"]
    assert found["requester"]["channel"] == "cli"

    status = await world.ccb("status", name)
    assert status.code == 0
    for word in (name, "✓ requested", "● reviewing", "waits for", "a review", CONTENT):
        assert word in " ".join(status.out.split())

    own = await world.ccb("approve", name, key=key)
    is_sentence(own, 2, "reviewer")
    approved = await world.ccb("approve", name, "--comment", "good")
    assert approved.code == 0, approved
    assert CONTENT in approved.out

    watched = await world.ccb("status", name, "--watch")
    assert watched.code == 0
    assert f"{name} active" in watched.out
    as_json = await world.ccb("status", name, "--watch", "--json")
    assert as_json.json()["status"]["stage"] == "active"

    late = await world.ccb("approve", name)
    is_sentence(late, 2, "active")


async def test_a_watched_run_that_fails_ends_with_1(world: World):
    name = await a_run(world, "watched")
    abandoned = await world.ccb("abandon", name, "--reason", "not wanted")
    assert abandoned.code == 0, abandoned
    watched = await world.ccb("status", name, "--watch")
    assert watched.code == 1
    assert "not wanted" in watched.out


async def test_changes_requested_and_a_budget_raised(world: World):
    name = await a_run(world, "changes")
    asked = await world.ccb("request-changes", name, "--comment", "name it better", "--json")
    assert asked.code == 0, asked
    assert asked.json()["status"]["reviews"][0]["comment"] == "name it better"
    empty = await world.ccb("request-changes", name, "--comment", " ")
    is_sentence(empty, 2, "--comment")
    raised = await world.ccb("budget", name, "--usd", "12.5")
    assert raised.code == 0, raised
    assert "$12.5000" in raised.out
    nothing = await world.ccb("budget", name)
    is_sentence(nothing, 2, "--usd")


async def test_lists(world: World):
    name = await a_run(world, "listed")
    table = await world.ccb("list")
    assert table.code == 0
    assert name in table.out
    rows = await world.ccb("list", "--stage", "reviewing", "--json")
    assert name in [row["name"] for row in rows.json()]
    none = await world.ccb("list", "--stage", "retired", "--json")
    assert none.json() == []


async def test_people(world: World):
    name = fresh_name("grace")
    added = await world.ccb("people", "add", name, "--role", "reviewer", "--slack", "U" + name, "--json")
    assert added.code == 0, added
    listed = await world.ccb("people", "list", "--json")
    assert added.json()["id"] in [one["id"] for one in listed.json()]
    key = await world.ccb("people", "key", name)
    assert key.out.startswith("ccb_")
    assert (await world.ccb("people", "list", key=key.out.strip())).code == 0
    twice = await world.ccb("people", "add", name)
    is_sentence(twice, 2, name)
    nobody = await world.ccb("people", "key", "nobody-here")
    is_sentence(nobody, 2, "nobody-here")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"", ""),
        (b"hello", ""),
        (b'{"swagger": "2.0"}', "2.0"),
        (json.dumps({**DOCUMENT, "paths": {}}).encode(), "operation"),
        (b" " * 30_000_000, "MB"),
    ],
    ids=["absent", "empty", "words", "swagger", "no operations", "30 MB"],
)
async def test_a_spec_that_is_none(world: World, tmp_path: Path, content: bytes | None, words: str):
    file = tmp_path / "spec.json"
    if content is not None:
        file.write_bytes(content)
    async with world.client() as api:
        before = (await api.get("/api/v1/integrations?limit=1")).json()["items"]
        ran = await world.ccb("create", "--title", "x", "--spec", str(file))
        after = (await api.get("/api/v1/integrations?limit=1")).json()["items"]
    is_sentence(ran, 2, words)
    assert after == before


async def test_a_folder_as_spec(world: World, tmp_path: Path):
    is_sentence(await world.ccb("create", "--title", "x", "--spec", str(tmp_path)), 2, "cannot be read")


async def test_a_name_that_exists(world: World, spec: Path):
    name = await a_run(world, "taken")
    arguments = ("create", "--title", "x", "--spec", str(spec), "--name", name)
    is_sentence(await world.ccb(*arguments), 2, name, "already exists")
    as_json = await world.ccb(*arguments, "--json")
    assert as_json.code == 2
    assert as_json.json()["code"] == "name_taken"
    assert as_json.json()["status"] == 409


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("status", "no-such-thing"),
        ("status", "../people"),
        ("status", "ä?x=1"),
        ("logs", "no-such-thing"),
        ("approve", "no-such-thing"),
        ("abandon --reason x", "no-such-thing"),
    ],
)
async def test_an_integration_that_is_not_there(world: World, command: str, name: str):
    first, *more = command.split()
    is_sentence(await world.ccb(first, name, *more), 2, "There is no integration")


async def test_errors_as_json_are_problems_on_stdout(world: World):
    ran = await world.ccb("status", "no-such-thing", "--json")
    assert (ran.code, ran.err) == (2, "")
    problem = ran.json()
    assert (problem["status"], problem["code"]) == (404, "not_found")


async def test_a_wrong_key(world: World):
    is_sentence(await world.ccb("list", key="ccb_wrong"), 2, "API key")


async def test_nothing_there_says_how_to_start_it(tmp_path: Path):
    (port,) = free_ports(1)
    (tmp_path / "operator.key").write_text("ccb_key")
    environment = {"PATH": "/usr/bin:/bin", "CCB_DATA_DIR": str(tmp_path)}
    no_stack = await run_ccb("list", environment=environment, folder=tmp_path)
    is_sentence(no_stack, 1, "ccb up")
    gone = await run_ccb("list", "--api-url", f"http://127.0.0.1:{port}", environment=environment, folder=tmp_path)
    is_sentence(gone, 1, "ccb up")
    as_json = await run_ccb("list", "--json", environment=environment, folder=tmp_path)
    assert as_json.code == 1
    assert as_json.json()["code"] == "unreachable"


async def test_what_is_no_api_of_ours(temporal: str, tmp_path: Path):
    """Something else listens there: here, Temporal."""
    environment = {"PATH": "/usr/bin:/bin", "CCB_API_KEY": "ccb_key"}
    ran = await run_ccb("list", "--api-url", f"http://{temporal}", environment=environment, folder=tmp_path)
    is_sentence(ran, 1)


async def test_logs_of_a_runner_that_is_away(world: World):
    name = await a_run(world, "nologs")
    is_sentence(await world.ccb("logs", name), 1, "runner")


async def test_the_version(world: World):
    plain = await world.ccb("version")
    assert plain.out.startswith("ccb ")
    assert (await world.ccb("version", "--json")).json()["version"] in plain.out
