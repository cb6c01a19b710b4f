"""Organisations, and roles of one's own with conditions: what they let through and what not."""

from datetime import datetime, timedelta

import pytest

from domain import ids
from domain.people import Role
from tests.api.acting import an_organization, by, someone
from tests.api.world import World, a_request, fresh_name


@pytest.fixture(scope="module")
async def organization(world: World) -> str:
    return await an_organization(world)


async def test_a_header_chooses_where_to_act(world: World, organization: str):
    async with world.client(Role.ADMIN) as api:
        mine = (await api.get("/api/v1/organizations")).json()
        here = await api.get("/api/v1/people")
        there = await api.get("/api/v1/people", headers={"CCB-Organization": organization})
    assert mine[0]["home"]
    assert {"organization", "role", "home"} == set(mine[0])
    assert (organization, "admin") in [(one["organization"]["id"], one["role"]) for one in mine]
    assert [(one["name"], one["role"], one["organization_id"]) for one in there.json()] == [
        ("the admin", "admin", organization)
    ]
    assert len(here.json()) > 1


async def test_where_somebody_is_no_member_they_are_told_the_same_as_where_nothing_is(world: World, organization: str):
    async with world.client(Role.OPERATOR) as api:
        there = await api.get("/api/v1/integrations", headers={"CCB-Organization": organization})
        nowhere = await api.get("/api/v1/integrations", headers={"CCB-Organization": "org_none"})
    assert there.status_code == nowhere.status_code == 403
    assert there.text.replace(organization, "org_none") == nowhere.text


async def test_what_is_asked_for_in_one_organisation_is_not_in_another(world: World, organization: str):
    there = {"CCB-Organization": organization}
    async with world.client(Role.ADMIN) as api:
        asked = await api.post("/api/v1/integrations", json=a_request(), headers=there)
        path = f"/api/v1/integrations/{asked.json()['integration_id']}"
        found, missing = await api.get(path, headers=there), await api.get(path)
        abandoned = await api.post(f"{path}/abandon", json={"reason": "x"})
    assert found.json()["organization_id"] == organization
    assert missing.status_code == abandoned.status_code == 404


async def test_the_installations_own_matters_are_the_first_organisations(world: World, organization: str):
    there = {"CCB-Organization": organization}
    async with world.client(Role.ADMIN) as api:
        limits = await api.put("/api/v1/limits", json={"day_usd": 1}, headers=there)
        paused = await api.post("/api/v1/schedules/none/pause", headers=there)
        made = await api.post("/api/v1/organizations", json={"name": "x"}, headers=there)
        read = await api.get("/api/v1/limits", headers=there)
    assert {limits.status_code, paused.status_code, made.status_code} == {403}
    assert [one["name"] for one in read.json()] == ["organization_month_usd"]


async def test_whoever_is_invited_joins_once(world: World, organization: str):
    there = f"/api/v1/organizations/{organization}/invitations"
    guest, key = await someone(world)
    async with world.client(Role.ADMIN) as api, by(world, key) as theirs:
        api.headers["CCB-Organization"] = organization
        invited = await api.post(there, json={"role": "reviewer"})
        other = await api.post(there, json={"role": "viewer", "email": "else@example.com"})
        wrong = await theirs.post("/api/v1/invitations/accept", json={"code": other.json()["code"]})
        code = {"code": invited.json()["code"]}
        joined = await theirs.post("/api/v1/invitations/accept", json=code)
        again = await theirs.post("/api/v1/invitations/accept", json=code)
        seen = await theirs.get("/api/v1/people", headers={"CCB-Organization": organization})
        still = (await api.get(there)).json()
        withdrawn = await api.delete(f"{there}/{other.json()['invitation']['id']}")
        left = await api.delete(f"/api/v1/people/{guest.id}")
        gone = await theirs.get("/api/v1/people", headers={"CCB-Organization": organization})
        home = await theirs.get("/api/v1/people")
    assert (joined.status_code, joined.json()["role"]) == (200, "reviewer")
    shown = invited.json()["invitation"]
    assert moment(shown["expires_at"]) - moment(shown["created_at"]) == timedelta(days=7)
    assert wrong.status_code == again.status_code == 404
    assert guest.name in seen.text
    assert [one["id"] for one in still] == [other.json()["invitation"]["id"]]
    assert invited.json()["code"] not in str(still)
    assert (withdrawn.status_code, left.status_code, gone.status_code, home.status_code) == (204, 204, 403, 200)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_members_are_added_from_organisations_one_is_in(world: World, organization: str):
    known, _ = await someone(world)
    stranger, _ = await someone(world, organization=ids.new("org"))
    path = f"/api/v1/organizations/{organization}/members"
    async with world.client(Role.ADMIN) as api:
        api.headers["CCB-Organization"] = organization
        added = await api.post(path, json={"person_id": known.id, "role": "viewer"})
        again = await api.post(path, json={"person_id": known.id, "role": "viewer"})
        unknown = await api.post(path, json={"person_id": stranger.id, "role": "viewer"})
        nobody = await api.post(path, json={"person_id": "per_none", "role": "viewer"})
    assert (added.status_code, again.status_code) == (201, 409)
    assert (added.json()["id"], added.json()["role"]) == (known.id, "viewer")
    assert unknown.status_code == nobody.status_code == 404
    assert unknown.text.replace(stranger.id, "per_none") == nobody.text


async def test_a_role_is_changed_by_whoever_has_as_much_and_the_last_admin_stays(world: World, organization: str):
    member, _ = await someone(world, Role.VIEWER)
    admin = await world.person("the admin", Role.ADMIN)
    async with world.client(Role.OPERATOR) as api:
        path = f"/api/v1/people/{member.id}"
        raised = await api.patch(path, json={"role": "operator"})
        above = await api.patch(path, json={"role": "admin"})
        none = await api.patch(path, json={"role": "no-such-role"})
        demoted = await api.patch(f"/api/v1/people/{admin.id}", json={"role": "viewer"})
        removed = await api.delete(f"/api/v1/people/{admin.id}")
    async with world.client(Role.ADMIN) as api:
        api.headers["CCB-Organization"] = organization
        last = await api.patch(f"/api/v1/people/{admin.id}", json={"role": "viewer"})
        leaving = await api.delete(f"/api/v1/people/{admin.id}")
    assert raised.json()["role"] == "operator"
    assert above.status_code == demoted.status_code == removed.status_code == 403
    assert (none.status_code, none.json()["errors"][0]["field"]) == (422, "role")
    assert last.status_code == leaving.status_code == 409


def granted(*permissions: str, **conditions: list[str]) -> list[dict[str, object]]:
    given = [{"attribute": name, "values": values} for name, values in conditions.items()]
    pairs = [one.split(":") for one in permissions]
    return [{"resource": resource, "action": action, "conditions": given} for resource, action in pairs]


async def test_a_role_of_ones_own_allows_what_its_conditions_say(world: World):
    role = fresh_name("trial")
    everything = granted("integrations:create")
    own = granted("integrations:read", "runs:read", "runs:steer", owner=["self"])
    staging = granted("integrations:deploy", owner=["self"], environment=["staging"])
    async with world.client(Role.ADMIN) as api:
        made = await api.post("/api/v1/roles", json={"name": role, "permissions": everything + own + staging})
        other = (await api.post("/api/v1/integrations", json=a_request())).json()["integration_id"]
    assert made.status_code == 201, made.text
    _, key = await someone(world, role)
    async with by(world, key) as api:
        mine = (await api.post("/api/v1/integrations", json=a_request())).json()["integration_id"]
        answers = {
            "mine": await api.get(f"/api/v1/integrations/{mine}/run"),
            "other": await api.get(f"/api/v1/integrations/{other}/run"),
            "all": await api.get("/api/v1/integrations"),
            "all of mine": await api.get("/api/v1/integrations", params={"owner": "me"}),
            "production": await api.post(f"/api/v1/integrations/{mine}/deployments", json={}),
            "promote": await api.post(f"/api/v1/integrations/{mine}/promote", json={}),
            "staging": await api.post(f"/api/v1/integrations/{mine}/deployments", json={"environment": "staging"}),
            "foreign staging": await api.post(
                f"/api/v1/integrations/{other}/deployments", json={"environment": "staging"}
            ),
            "people": await api.get("/api/v1/people"),
        }
    allowed = {name for name, answer in answers.items() if answer.status_code not in {401, 403}}
    assert allowed == {"mine", "all of mine", "staging"}
    assert answers["other"].json()["details"]["needed"] == "runs:read"
    assert [one["id"] for one in answers["all of mine"].json()["items"]] == [mine]


async def test_whose_it_is_now_counts_and_not_who_asked(world: World):
    role = fresh_name("owners")
    rights = granted("integrations:create") + granted("integrations:read", "runs:read", owner=["self"])
    async with world.client(Role.ADMIN) as api:
        await api.post("/api/v1/roles", json={"name": role, "permissions": rights})
        heir, key = await someone(world, role)
        _, first_key = await someone(world, role)
        async with by(world, first_key) as first, by(world, key) as theirs:
            asked = (await first.post("/api/v1/integrations", json=a_request())).json()["integration_id"]
            run = f"/api/v1/integrations/{asked}/run"
            before = (await first.get(run)).status_code, (await theirs.get(run)).status_code
            given = {"title": "Weather", "owner": heir.id}
            put = await api.put(f"/api/v1/integrations/{asked}", json=given, headers={"If-Match": "*"})
            assert put.status_code == 200, put.text
            after = (await first.get(run)).status_code, (await theirs.get(run)).status_code
            listed = [
                [one["id"] for one in (await each.get("/api/v1/integrations", params={"owner": "me"})).json()["items"]]
                for each in (first, theirs)
            ]
    assert (before, after) == ((200, 403), (403, 200))
    assert listed == [[], [asked]]


async def test_roles_of_ones_own_are_made_of_what_one_has_and_removed_when_nobody_has_them(world: World):
    role, keeper = fresh_name("role"), fresh_name("keeper")
    async with world.client(Role.ADMIN) as api:
        some = granted("roles:update", "roles:read", "people:read")
        made = await api.post("/api/v1/roles", json={"name": keeper, "permissions": some})
        again = await api.post("/api/v1/roles", json={"name": keeper, "permissions": some})
        built_in = await api.put("/api/v1/roles/viewer", json={"permissions": []})
        unknown = await api.post("/api/v1/roles", json={"name": role, "permissions": granted("rockets:launch")})
        listed = [one["name"] for one in (await api.get("/api/v1/roles")).json()]
    assert (made.status_code, again.status_code, built_in.status_code, unknown.status_code) == (201, 409, 409, 422)
    assert listed[:5] == list(Role)
    assert keeper in listed
    member, key = await someone(world, keeper)
    async with by(world, key) as api:
        more = await api.post("/api/v1/roles", json={"name": role, "permissions": granted("keys:create")})
        less = await api.post("/api/v1/roles", json={"name": role, "permissions": granted("people:read")})
        wider = await api.put(f"/api/v1/roles/{role}", json={"permissions": granted("secrets:update")})
        replaced = await api.put(f"/api/v1/roles/{role}", json={"permissions": []})
        read = await api.get(f"/api/v1/roles/{role}")
        gone = await api.delete(f"/api/v1/roles/{role}")
        held = await api.delete(f"/api/v1/roles/{keeper}")
    assert (more.status_code, wider.status_code) == (403, 403)
    assert (less.status_code, replaced.status_code, read.json()["permissions"]) == (201, 200, [])
    assert (gone.status_code, held.status_code) == (204, 409)
    assert more.json()["details"]["more"] == ["keys:create"]
    assert member.name in held.text or "somebody has it" in held.text


async def test_a_changed_role_counts_from_the_next_request_on(world: World):
    role = fresh_name("short")
    async with world.client(Role.ADMIN) as api:
        await api.post("/api/v1/roles", json={"name": role, "permissions": granted("people:read")})
        _, key = await someone(world, role)
        async with by(world, key) as theirs:
            before = await theirs.get("/api/v1/people")
            await api.put(f"/api/v1/roles/{role}", json={"permissions": []})
            after = await theirs.get("/api/v1/people")
    assert (before.status_code, after.status_code) == (200, 403)


async def test_who_has_a_name_in_another_organisation_is_not_told(world: World, organization: str):
    name = fresh_name("taken")
    async with world.client(Role.ADMIN) as api:
        theirs = await api.post(
            "/api/v1/integrations", json=a_request(name=name), headers={"CCB-Organization": organization}
        )
        mine = await api.post("/api/v1/integrations", json=a_request(name=name))
        again = await api.post(
            "/api/v1/integrations", json=a_request(name=name), headers={"CCB-Organization": organization}
        )
    holder = theirs.json()["integration_id"]
    assert (mine.status_code, again.status_code) == (409, 409)
    assert holder not in mine.text
    assert holder in again.text
