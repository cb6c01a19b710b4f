"""Asking for a new version, and what is told of the versions there are: by the API and by `ccb`."""

import json

from domain.artifacts import files_hash
from domain.lifecycle import Stage
from domain.manifest import render
from domain.people import Actor, Channel, Role
from domain.registry import Version
from domain.runs import Abandon
from tests import proofs
from tests.api.test_cli import is_sentence
from tests.api.test_problems import is_problem
from tests.api.test_secrets import unplanned
from tests.api.world import World
from tests.until import until

BEFORE = {"integration.yaml": render(proofs.manifest(version="1.0.0")), "a.py": "one = 1\n", "old.py": "x = 1\n"}
AFTER = {
    "integration.yaml": render(
        proofs.manifest(
            version="1.1.0", capabilities=[*proofs.manifest().capabilities, proofs.manifest().capabilities[0]]
        )
    ),
    "a.py": "one = 1\ntwo = 2\n",
    "new.py": "y = 1\n",
}


async def serving(world: World) -> str:
    """The name of an integration that is active, and has two versions."""
    name = await unplanned(world)
    integrations = world.services.integrations
    found = await integrations.find(name)
    put = world.services.artifacts.put
    for number, files in (("1.0.0", BEFORE), ("1.1.0", AFTER)):
        listed = {path: (await put(text.encode(), "text/plain")).model_dump() for path, text in files.items()}
        ref = await put(json.dumps(listed).encode(), "application/json")
        version = Version(integration_id=found.id, version=number, content_hash=files_hash(files), files=ref, plan=ref)
        await integrations.record_version(version, key=number)
    for stage in (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING, Stage.DEPLOYING, Stage.ACTIVE):
        await integrations.enter(found.id, stage, key=stage)
    return name


async def test_asking_for_an_update_once(world: World) -> None:
    name = await serving(world)
    path = f"/api/v1/integrations/{name}/update"
    body = {"title": "One city please", "document": {"url": "https://example.com/openapi.json"}}
    async with world.client(role=Role.DEVELOPER) as api:
        first = await api.post(path, json=body, headers={"Idempotency-Key": "k"})
        assert first.status_code == 202
        assert first.headers["location"] == first.json()["status_url"]
        again = await api.post(path, json=body, headers={"Idempotency-Key": "k"})
        assert (again.status_code, again.json()) == (202, first.json())
        other = await api.post(path, json=body | {"title": "Two"}, headers={"Idempotency-Key": "k"})
        is_problem(other, 422, "idempotency_key_reused")
        meanwhile = await api.post(path, json=body)
        is_problem(meanwhile, 409, "conflict")
        assert meanwhile.json()["details"]["workflow_id"] == first.json()["workflow_id"]
        found = await world.services.integrations.find(name)
        assert (found.operation, found.run_id) == ("update", first.json()["run_id"])
        await _end(world, found.id)
        late = await api.post(path, json=body, headers={"Idempotency-Key": "k"})
        assert (late.status_code, late.json()) == (202, first.json())
        fresh = await api.post(path, json=body, headers={"Idempotency-Key": "another"})
        assert fresh.status_code == 202
        assert fresh.json()["run_id"] != first.json()["run_id"]
        await _end(world, found.id)


async def _end(world: World, integration_id: str) -> None:
    client = world.services.runs._client
    handle = client.get_workflow_handle(f"integration/{integration_id}")
    await handle.execute_update("abandon", Abandon(by=Actor(channel=Channel.API, name="ada"), reason="over"))
    await handle.result()


async def test_what_cannot_be_updated(world: World) -> None:
    name = await unplanned(world)
    body = {"title": "One city please"}
    async with world.client() as api:
        refused = await api.post(f"/api/v1/integrations/{name}/update", json=body)
        is_problem(refused, 409, "conflict")
        assert "requested" in refused.json()["detail"]
        is_problem(await api.post("/api/v1/integrations/nothing-such/update", json=body), 404, "not_found")
        is_problem(await api.post(f"/api/v1/integrations/{name}/update", json={"title": ""}), 422, "invalid_input")
    async with world.client(role=Role.VIEWER) as api:
        is_problem(await api.post(f"/api/v1/integrations/{name}/update", json=body), 403, "forbidden")


async def test_what_differs_between_versions(world: World) -> None:
    name = await serving(world)
    async with world.client() as api:
        answer = await api.get(f"/api/v1/integrations/{name}/versions/1.0.0/compare/1.1.0")
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["before"], found["after"], found["change"]) == ("1.0.0", "1.1.0", "patch")
        files = {one["path"]: (one["status"], one["added"], one["removed"]) for one in found["files"]}
        assert files["a.py"] == ("changed", 1, 0)
        assert files["new.py"] == ("added", 1, 0)
        assert files["old.py"] == ("removed", 0, 1)
        [changed] = [one for one in found["files"] if one["path"] == "a.py"]
        assert changed["diff"] == "--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n one = 1\n+two = 2\n"
        is_problem(await api.get(f"/api/v1/integrations/{name}/versions/1.0.0/compare/3.0.0"), 404, "not_found")
    shown = await world.ccb("compare", name, "1.0.0", "1.1.0")
    assert shown.code == 0
    assert "1.0.0 → 1.1.0: a patch change of what others see" in shown.out
    assert "+two = 2" in shown.out.splitlines()
    assert (await world.ccb("compare", name, "1.0.0", "1.1.0", "--json")).json() == found
    is_sentence(await world.ccb("compare", name, "1.0.0", "9.0.0"), 2, "no version 9.0.0")


async def test_a_note_about_a_version_stays_and_says_whose_it_is(world: World) -> None:
    name = await serving(world)
    noted = await world.ccb("annotate", name, "1.0.0", "The last one for the old API.")
    assert (noted.code, noted.out) == (0, f"Noted about {name} 1.0.0.\n")
    async with world.client(role=Role.DEVELOPER, name="grace") as api:
        path = f"/api/v1/integrations/{name}/versions/1.0.0/annotation"
        answer = await api.put(path, json={"text": "Slow, but right."})
        assert answer.json()["annotation"]["by"]["name"] == "grace"
        is_problem(await api.put(path.replace("1.0.0", "7.0.0"), json={"text": "x"}), 404, "not_found")
        is_problem(await api.put(path, json={"text": ""}), 422, "invalid_input")
        versions = (await api.get(f"/api/v1/integrations/{name}/versions")).json()
    assert [one["annotation"] and one["annotation"]["text"] for one in versions] == ["Slow, but right.", None]
    found = await world.services.integrations.find(name)
    audit = await world.services.integrations.audit(found.id)
    notes = [(one.action, one.result, one.actor.channel, one.detail) for one in audit if "annotate" in one.action]
    assert [(action, result, channel) for action, result, channel, _ in notes] == [
        ("integration.annotate_version", "1.0.0", Channel.CLI),
        ("integration.annotate_version", "1.0.0", Channel.API),
    ]
    assert notes[-1][-1] == "Slow, but right."
    listed = await world.ccb("versions", name)
    assert "Slow, but right. (grace)" in listed.out
    assert [one["version"] for one in (await world.ccb("versions", name, "--json")).json()] == ["1.0.0", "1.1.0"]  # type: ignore[attr-defined]


async def test_updating_by_command(world: World) -> None:
    name = await serving(world)
    started = await world.ccb("update", name, "--title", "One city please", "--json")
    assert started.code == 0, started
    found = await world.services.integrations.find(name)

    async def begun() -> bool | None:
        return True if (await world.services.integrations.get(found.id)).operation == "update" else None

    await until(begun)
    is_sentence(await world.ccb("update", name, "--title", "Another"), 2, "under way")
    await _end(world, found.id)
