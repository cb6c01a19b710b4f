"""Keys with scopes, an end, an owner; and sessions: what they let through and what not."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.ids import DEFAULT_ORGANIZATION
from domain.people import Role
from domain.sessions import ClientInfo, Method
from tests.api.acting import an_organization, by, someone
from tests.api.world import World, a_request, until


@pytest.fixture(scope="module")
async def organization(world: World) -> str:
    return await an_organization(world)


async def test_a_key_allows_its_scopes_as_far_as_its_owner_may(world: World):
    person, key = await someone(world, Role.DEVELOPER)
    async with by(world, key) as api:
        wanted = {"label": "ci", "scopes": ["integrations:read", "keys:create", "limits:update"]}
        made = await api.post("/api/v1/keys", json=wanted)
        unknown = await api.post("/api/v1/keys", json={"label": "x", "scopes": ["rockets:launch"]})
    assert made.status_code == 201, made.text
    assert unknown.status_code == 422
    async with by(world, made.json()["key"]) as api:
        answers = {
            "read": await api.get("/api/v1/integrations"),
            "health": await api.get("/api/v1/health"),
            "limits": await api.put("/api/v1/limits", json={"day_usd": 1}),
            "a wider key": await api.post("/api/v1/keys", json={"label": "x"}),
            "somebody's key": await api.post(f"/api/v1/people/{person.id}/keys", json={"label": "x"}),
            "keys": await api.get("/api/v1/keys"),
        }
    assert {name for name, answer in answers.items() if answer.status_code == 200} == {"read"}
    assert {answer.status_code for name, answer in answers.items() if name != "read"} == {403}
    assert answers["health"].json()["details"]["has"] == ["integrations:read"]


async def test_keys_are_listed_without_themselves_and_revoked(world: World):
    person, key = await someone(world)
    async with by(world, key) as api:
        made = (await api.post("/api/v1/keys", json={"label": "laptop"})).json()
        async with by(world, made["key"]) as other:
            used = await other.get("/api/v1/integrations")
            listed = (await api.get("/api/v1/keys")).json()
            revoked = await api.delete(f"/api/v1/keys/{made['id']}")
            again = await api.delete(f"/api/v1/keys/{made['id']}")
            refused = await other.get("/api/v1/integrations")
    assert used.status_code == 200
    assert [one["label"] for one in listed] == ["laptop", "tests"]
    assert listed[0]["prefix"] == made["key"][:12]
    assert made["key"] not in str(listed)
    assert listed[0]["last_used_at"] is not None
    assert (revoked.status_code, again.json()) == (200, revoked.json())
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    async with world.client(Role.DEVELOPER) as api:
        assert (await api.delete(f"/api/v1/keys/{made['id']}")).status_code == 404
        assert (await api.get(f"/api/v1/people/{person.id}/keys")).status_code == 403
    async with world.client(Role.OPERATOR) as api:
        assert [one["label"] for one in (await api.get(f"/api/v1/people/{person.id}/keys")).json()] == [
            "laptop",
            "tests",
        ]


async def test_a_key_that_is_over_opens_nothing(world: World):
    _, key = await someone(world)
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    async with by(world, key) as api:
        past = await api.post("/api/v1/keys", json={"label": "x", "expires_at": "2020-01-01T00:00:00Z"})
        made = await api.post("/api/v1/keys", json={"label": "x", "expires_at": soon.isoformat()})
    assert past.status_code == 422
    async with by(world, made.json()["key"]) as api:
        before = await api.get("/api/v1/integrations")

        async def refused() -> bool:
            return (await api.get("/api/v1/integrations")).status_code == 401

        await until(refused)
    assert before.status_code == 200
    assert datetime.now(UTC) >= soon


async def test_a_key_made_by_somebody_else_is_good_in_their_organisation_alone(world: World, organization: str):
    """Else whoever runs one organisation could act as its guests in others."""
    guest, _ = await someone(world, Role.OPERATOR)
    await world.services.organizations.join(organization, guest.id, Role.VIEWER)
    async with world.client(Role.ADMIN) as api:
        api.headers["CCB-Organization"] = organization
        made = (await api.post(f"/api/v1/people/{guest.id}/keys", json={"label": "x"})).json()
        seen = (await api.get(f"/api/v1/people/{guest.id}/keys")).json()
    assert [one["id"] for one in seen] == [made["id"]]
    async with by(world, made["key"]) as api:
        there = await api.get("/api/v1/people")
        home = await api.get("/api/v1/people", headers={"CCB-Organization": DEFAULT_ORGANIZATION})
        more = (await api.post("/api/v1/keys", json={"label": "more"})).json()
        account = await api.get("/api/v1/auth/sessions")
        mine = (await api.get("/api/v1/organizations")).json()
    assert (there.status_code, home.status_code, account.status_code) == (200, 403, 403)
    assert [one["organization"]["id"] for one in mine] == [organization]
    async with by(world, more["key"], DEFAULT_ORGANIZATION) as api:
        assert (await api.get("/api/v1/people")).status_code == 403


async def test_a_session_acts_where_its_person_is_a_member(world: World, organization: str):
    member, _ = await someone(world, Role.DEVELOPER)
    await world.services.organizations.join(organization, member.id, Role.VIEWER)
    tokens = await world.services.sessions.open(member.id, method=Method.PASSWORD, client=ClientInfo())
    async with by(world, tokens.access_token) as api:
        home = await api.post("/api/v1/integrations", json=a_request())
        api.headers["CCB-Organization"] = organization
        there = await api.post("/api/v1/integrations", json=a_request())
        people = await api.get("/api/v1/people")
        key = await api.post("/api/v1/keys", json={"label": "laptop"})
    assert (home.status_code, there.status_code, people.status_code, key.status_code) == (202, 403, 200, 201)
    async with by(world, key.json()["key"]) as api:
        assert (await api.post("/api/v1/integrations", json=a_request())).status_code == 202
