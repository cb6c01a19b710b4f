"""Who may do what."""

import pytest

from api.wiring import OPERATOR, admit_operator
from domain.access import RIGHTS
from domain.errors import InvalidInput
from domain.people import Role
from tests.api.world import World, a_request, fresh_name

NEEDS = [
    ("GET", "/api/v1/integrations", None, Role.VIEWER),
    ("GET", "/api/v1/people", None, Role.VIEWER),
    ("POST", "/api/v1/integrations", a_request(), Role.DEVELOPER),
    ("POST", "/api/v1/documents", {}, Role.DEVELOPER),
    ("POST", "/api/v1/integrations/none/abandon", {"reason": "x"}, Role.DEVELOPER),
    ("POST", "/api/v1/integrations/none/reviews", {}, Role.REVIEWER),
    ("POST", "/api/v1/integrations/none/budget", {}, Role.OPERATOR),
    ("GET", "/api/v1/integrations/none/secrets", None, Role.VIEWER),
    ("PUT", "/api/v1/integrations/none/secrets/API_TOKEN", {"value": "x"}, Role.OPERATOR),
    ("POST", "/api/v1/people", {"name": "x"}, Role.OPERATOR),
    ("POST", "/api/v1/people/per_x/keys", {"label": "x"}, Role.OPERATOR),
]


@pytest.mark.parametrize(("method", "path", "body", "role"), NEEDS)
@pytest.mark.parametrize("key", [None, "ccb_wrong", "é"])
async def test_without_a_key_that_is_known_nothing_is_done(
    world: World, method: str, path: str, body: object, role: Role, key: str | None
):
    headers = {"Authorization": f"Bearer {key}".encode()} if key else {}
    async with world.client(None) as api:
        answer = await api.request(method, path, json=body, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer")
    assert ("invalid_token" in challenge) is (key is not None)
    assert key is None or key not in answer.text


@pytest.mark.parametrize(("method", "path", "body", "role"), NEEDS)
async def test_a_role_below_is_refused_and_the_role_is_enough(
    world: World, method: str, path: str, body: object, role: Role
):
    roles = list(Role)
    below = roles[: roles.index(role)]
    for lower in below:
        async with world.client(lower) as api:
            answer = await api.request(method, path, json=body)
        assert answer.status_code == 403, (lower, answer.text)
        details = answer.json()["details"]
        assert details["role"] == lower
        assert details["needed"] in set(RIGHTS[role].grants) - set(RIGHTS[lower].grants)
        assert details["has"] == RIGHTS[lower].names
    async with world.client(role) as api:
        answer = await api.request(method, path, json=body)
    assert answer.status_code not in {401, 403}, answer.text


async def test_the_operator_key_file_is_a_key(world: World):
    key = (world.data_dir / "operator.key").read_text().strip()
    async with world.client(None) as api:
        people = await api.get("/api/v1/people", headers={"Authorization": f"Bearer {key}"})
    roles = {one["name"]: one["role"] for one in people.json()}
    assert roles[OPERATOR] == "admin"


async def test_a_key_file_with_no_key_in_it_is_refused(world: World, tmp_path):
    (tmp_path / "short").write_text("password")
    with pytest.raises(InvalidInput, match="32 characters"):
        await admit_operator(world.services.people, tmp_path / "short")
    await admit_operator(world.services.people, tmp_path / "absent")


async def test_a_person_is_added_once_and_their_key_works(world: World):
    name = fresh_name("ada")
    async with world.client(Role.OPERATOR) as api:
        added = await api.post("/api/v1/people", json={"name": name, "role": "reviewer", "github": name})
        again = await api.post("/api/v1/people", json={"name": name, "role": "reviewer"})
        issued = await api.post(f"/api/v1/people/{added.json()['id']}/keys", json={"label": "laptop"})
        nobody = await api.post("/api/v1/people/per_none/keys", json={"label": "laptop"})
    assert added.status_code == 201
    assert again.status_code == 409
    assert nobody.status_code == 404
    key = issued.json()["key"]
    assert key.startswith("ccb_")
    assert len(key) == 47
    async with world.client(None) as api:
        listed = await api.get("/api/v1/people", headers={"Authorization": f"Bearer {key}"})
    assert name in [one["name"] for one in listed.json()]
    assert key not in listed.text


async def test_nobody_gives_a_role_above_their_own(world: World):
    admin = await world.person("the admin", Role.ADMIN)
    async with world.client(Role.OPERATOR) as api:
        added = await api.post("/api/v1/people", json={"name": fresh_name("eve"), "role": "admin"})
        key = await api.post(f"/api/v1/people/{admin.id}/keys", json={"label": "mine"})
    assert added.status_code == 403
    assert key.status_code == 403
