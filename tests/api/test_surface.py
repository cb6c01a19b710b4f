"""Lists, descriptions, the registry, downloads, and HTTP as it is written: methods, conditions, media types."""

import asyncio
from datetime import datetime

import httpx
import pytest

from domain import ids
from domain.people import Role
from domain.plan import Capability, OperationUse
from tests.api.test_problems import is_problem
from tests.api.test_versions import recorded
from tests.api.world import World, a_request, fresh_name, until
from tests.contract.database.test_lifecycle import entry_of

AT = "/api/v1/integrations"


async def made(api: httpx.AsyncClient, stem: str, **changes: object) -> str:
    name = fresh_name(stem)
    answer = await api.post(AT, json=a_request(name=name, **changes))
    assert answer.status_code == 202, answer.text
    return name


async def names(api: httpx.AsyncClient, **query: object) -> list[str]:
    """Of all pages."""
    found: list[str] = []
    cursor = None
    while True:
        answer = await api.get(AT, params={"limit": 2, **query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found += [one["name"] for one in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def test_finding_by_words_owner_label_in_any_order(world: World):
    word = fresh_name("zephyr").replace("-", "")
    who = fresh_name("ada")
    async with world.client(Role.DEVELOPER, who) as api:
        made_here = [await made(api, stem, title=f"The {word} of {stem}") for stem in ("bee", "ant", "cat")]
        assert await names(api, text=word[:9]) == made_here[::-1]
        assert await names(api, text=f"{word} AN") == [made_here[1]]
        assert await names(api, text=word, sort="name") == sorted(made_here)
        assert await names(api, text=word, sort="-name", stage="retired") == []
        assert await names(api, owner="me", sort="created") == made_here
        assert await names(api, owner=who.upper(), sort="created") == made_here
        is_problem(await api.get(AT, params={"owner": "nobody at all"}), 422, "invalid_input")
        is_problem(await api.get(AT, params={"sort": "size"}), 422, "invalid_input")


async def test_a_description_is_changed_as_it_was_read(world: World):
    async with world.client(Role.OPERATOR) as api:
        name = await made(api, "described")
        await _settled(api, name)
        seen = await api.get(f"{AT}/{name}")
        body = {"title": "Wind", "description": "of today", "labels": ["team/billing"], "owner": "the operator"}
        is_problem(await api.put(f"{AT}/{name}", json=body), 428, "precondition_required")
        is_problem(await api.put(f"{AT}/{name}", json=body, headers={"If-Match": '"0"'}), 412, "precondition_failed")
        changed = await api.put(f"{AT}/{name}", json=body, headers={"If-Match": seen.headers["etag"]})
        assert (changed.status_code, changed.json()["labels"]) == (200, ["team/billing"]), changed.text
        assert changed.headers["etag"] != seen.headers["etag"]
        stale = await api.put(f"{AT}/{name}", json={"title": "Rain"}, headers={"If-Match": seen.headers["etag"]})
        is_problem(stale, 412, "precondition_failed")
        again = await api.get(f"{AT}/{name}", headers={"If-None-Match": changed.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", changed.headers["etag"])
        assert await names(api, label="team/billing", text="wind") == [name]
        body["owner"] = "nobody at all"
        is_problem(await api.put(f"{AT}/{name}", json=body, headers={"If-Match": "*"}), 422, "invalid_input")
    async with world.client(Role.VIEWER) as api:
        is_problem(await api.put(f"{AT}/{name}", json={"title": "x"}, headers={"If-Match": "*"}), 403, "forbidden")


async def _settled(api: httpx.AsyncClient, name: str) -> None:
    """Its run has come to the review, so that nothing changes it but us."""

    async def reviewing() -> bool:
        return bool((await api.get(f"{AT}/{name}")).json()["stage"] == "reviewing")

    await until(reviewing)


async def test_the_registry_answers_who_can_do_what(world: World):
    capability = f"{fresh_name('wind').replace('-', '_')}.read"
    operation = OperationUse(method="get", path="/wind", purpose="Read.")
    can = Capability(name=capability, description="Reads.", method="get", route="/wind", operation=operation)
    registered = []
    async with world.client(Role.DEVELOPER) as api:
        for number in ("1.4.0", "2.0.0"):
            name = await made(api, "wind")
            found = await world.services.integrations.find(name)
            entry = entry_of(found.id, name, number).model_copy(update={"capabilities": [can]})
            await world.services.integrations.register(entry)
            registered.append(name)
        first = (await api.get("/api/v1/registry", params={"capability": capability, "limit": 1})).json()
        rest = await api.get("/api/v1/registry", params={"capability": capability, "cursor": first["next_cursor"]})
        both = [*first["items"], *rest.json()["items"]]
        assert [one["name"] for one in both] == sorted(registered)
        old = await api.get("/api/v1/registry", params={"capability": capability, "version": ">=1,<2"})
        assert [one["version"] for one in old.json()["items"]] == ["1.4.0"]
        down = await api.get("/api/v1/registry", params={"capability": capability, "health": "down"})
        assert down.json() == {"items": [], "next_cursor": None}
        is_problem(await api.get("/api/v1/registry", params={"version": "newest"}), 422, "invalid_input")
        listed = await names(api, capability=capability, sort="name")
    assert listed == sorted(registered)
    ran = await world.ccb("registry", "--capability", capability, "--version", ">=2", "--json")
    assert [one["name"] for one in ran.json()] == [registered[1]]


async def test_runs_of_everybody_and_of_one(world: World):
    async with world.client(Role.DEVELOPER) as api:
        name = await made(api, "running", title="Run")
        found = (await api.get("/api/v1/runs", params={"integration": name})).json()["items"]
        everything = (await api.get("/api/v1/runs", params={"state": "running", "operation": "create"})).json()
    (run,) = found
    assert (run["name"], run["operation"], run["state"], run["detail"]) == (name, "create", "running", "Run")
    assert run["id"] in [one["id"] for one in everything["items"]]
    listed = (await world.ccb("runs", name, "--json")).json()
    assert [one["run_id"] for one in listed] == [run["run_id"]]


async def test_files_are_named_marked_and_given_in_parts(world: World):
    async with world.client(Role.DEVELOPER) as api:
        name = await made(api, "filed")
        await _settled(api, name)
        said = await recorded(world, name=name)
        at = f"{AT}/{name}/versions/1.0.0/reports/tests"
        whole = await api.get(at)
        assert (whole.status_code, whole.content) == (200, said["tests"])
        assert whole.headers["content-type"] == "application/junit+xml"
        assert whole.headers["content-disposition"] == f'attachment; filename="{name}-1.0.0-tests.junit.xml"'
        tag, size = whole.headers["etag"], len(said["tests"])
        assert (await api.get(at, headers={"If-None-Match": f'"x", {tag}'})).status_code == 304
        for asked, part in (("bytes=2-5", slice(2, 6)), ("bytes=-4", slice(-4, None)), ("bytes=3-", slice(3, None))):
            some = await api.get(at, headers={"Range": asked})
            assert (some.status_code, some.content) == (206, said["tests"][part]), asked
        assert some.headers["content-range"] == f"bytes 3-{size - 1}/{size}"
        assert (await api.get(at, headers={"Range": "bytes=2-5", "If-Range": '"other"'})).status_code == 200
        assert (await api.get(at, headers={"Range": "lines=1-2"})).status_code == 200
        beyond = await api.get(at, headers={"Range": f"bytes={size}-"})
        is_problem(beyond, 416, "range_not_satisfiable")
        assert beyond.headers["content-range"] == f"bytes */{size}"
        bundle = await api.get(f"{AT}/{name}/versions/1.0.0/bundle")
        assert bundle.headers["content-disposition"] == f'attachment; filename="{name}-1.0.0.tar"'


async def test_http_as_it_is_written(world: World):
    async with world.client(Role.DEVELOPER) as api:
        name = await made(api, "plain")
        got, head = await api.get(f"{AT}/{name}/versions"), await api.head(f"{AT}/{name}/versions")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(got.content))
        assert (await api.head(f"{AT}/nothing-here")).status_code == 404
        async with asyncio.timeout(10):
            assert (await api.head(f"{AT}/{name}/stream")).status_code == 200
        wrong = await api.patch(AT)
        is_problem(wrong, 405, "method_not_allowed")
        assert wrong.headers["allow"] == "GET, HEAD, POST"
        words = {"Content-Type": "text/plain"}
        is_problem(await api.post(AT, content="{}", headers=words), 415, "unsupported_media_type")
        is_problem(await api.get(AT, headers={"Accept": "text/html"}), 406, "not_acceptable")
        is_problem(await api.get(AT, headers={"Accept": "application/json;q=0"}), 406, "not_acceptable")
        for accept in ("application/*", "text/html, */*;q=0.1", "application/json"):
            assert (await api.get(AT, headers={"Accept": accept})).status_code == 200, accept


@pytest.mark.parametrize("written", ["1790000000", "2027-06-30", "2027-06-30T00:00:00", "tomorrow"])
async def test_moments_are_rfc_3339_and_nothing_else(world: World, written: str):
    async with world.client(Role.OPERATOR) as api:
        name = await made(api, "sunset")
        body = {"reason": "x", "sunset_at": written}
        is_problem(await api.post(f"{AT}/{name}/deprecate", json=body), 422, "invalid_input")


async def test_moments_are_written_so_and_ids_sort_by_them(world: World):
    async with world.client(Role.DEVELOPER) as api:
        for _ in range(3):
            await made(api, "timed")
        items = (await api.get(AT, params={"sort": "created", "limit": 200})).json()["items"]
    assert all(one["created_at"].endswith("Z") and datetime.fromisoformat(one["created_at"]) for one in items)
    fresh = [ids.new("int") for _ in range(1000)]
    assert fresh == sorted(fresh)


async def test_the_commands_of_lists_and_descriptions(world: World):
    async with world.client(Role.DEVELOPER) as api:
        name = await made(api, "commanded", title="Quokkas")
        await _settled(api, name)
    ran = await world.ccb("set", name, "--title", "Wombats", "--label", "team/pets", "--json")
    assert (ran.code, ran.json()["title"], ran.json()["labels"]) == (0, "Wombats", ["team/pets"]), ran
    kept = await world.ccb("set", name, "--description", "Marsupials", "--json")
    assert (kept.json()["title"], kept.json()["labels"]) == ("Wombats", ["team/pets"])
    found = await world.ccb("find", "womb", "--label", "team/pets", "--sort", "name", "--json")
    assert [one["name"] for one in found.json()] == [name]
    listed = await world.ccb("list", "--owner", "the developer", "--text", "wombats", "--json")
    assert [one["name"] for one in listed.json()] == [name]
