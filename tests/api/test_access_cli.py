"""`ccb organizations`, `ccb roles`, `ccb keys` and `ccb people`, each as a process of its own."""

from domain.people import Role
from tests.api.world import World, fresh_name


async def test_keys_are_made_listed_and_revoked(world: World):
    mine = await world.key(Role.DEVELOPER, fresh_name("dev"))
    made = await world.ccb("keys", "create", "ci", "--scope", "runs:read", "--days", "9", "--json", key=mine)
    assert made.code == 0, made.out
    issued = made.json()
    (first, _) = (await world.ccb("keys", "list", "--json", key=mine)).json()
    assert (first["prefix"], first["scopes"]) == (issued["key"][:12], ["runs:read"])
    refused = await world.ccb("list", "--json", key=issued["key"])
    assert (refused.code, refused.json()["details"]["needed"]) == (2, "integrations:read")
    revoked = await world.ccb("keys", "revoke", issued["id"], key=mine)
    assert "(ci) is revoked" in revoked.out


async def test_an_organisation_is_made_and_acted_in_by_its_name(world: World):
    name, someone = fresh_name("Payments"), fresh_name("guest")
    made = (await world.ccb("organizations", "create", name, "--json")).json()
    code = (await world.ccb("organizations", "invite", name, "--role", "viewer")).out.strip()
    key = await world.key(Role.DEVELOPER, someone)
    joined = await world.ccb("organizations", "join", code, "--json", key=key)
    assert (joined.json()["role"], joined.json()["organization"]["id"]) == ("viewer", made["id"])
    changed = await world.ccb("people", "role", someone, "reviewer", "--organization", name, "--json")
    assert (changed.json()["role"], changed.json()["organization_id"]) == ("reviewer", made["id"])
    listed = await world.ccb("organizations", "list", key=key)
    assert name in listed.out


async def test_a_role_is_set_shown_and_removed(world: World):
    role = fresh_name("deployers")
    wanted = ["--allow", "runs:read", "--allow", "integrations:deploy,environment=staging,name=a-*|b-*"]
    made = await world.ccb("roles", "set", role, *wanted)
    assert made.code == 0, made.err
    (_, deploy) = (await world.ccb("roles", "show", role, "--json")).json()["permissions"]
    assert deploy["conditions"] == [
        {"attribute": "environment", "values": ["staging"]},
        {"attribute": "name", "values": ["a-*", "b-*"]},
    ]
    bad = await world.ccb("roles", "set", role, "--allow", "rockets:launch", "--json")
    assert (bad.code, bad.json()["code"]) == (2, "invalid_input")
    removed = await world.ccb("roles", "remove", role)
    assert "is no more" in removed.out
