"""Every route, called as every role, in the organisation of the thing and in another, by `docs/permissions.json`."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest
from pydantic import TypeAdapter

from api import matrix
from api.app import create_app
from api.matrix import DOCS, Row
from domain import ids
from domain.access import Grant, RoleDefinition
from domain.organizations import Invitation
from domain.people import Person, Role
from tests.api.world import World, a_request, fresh_name

ROWS = TypeAdapter(list[Row]).validate_json((DOCS / "permissions.json").read_bytes())
GUARDED = [row for row in ROWS if row.needs != "nobody"]
MISSING = {
    "integration": "matrix-missing",
    "person_id": "per_" + "0" * 32,
    "key": "key_" + "0" * 32,
    "organization": "org_" + "f" * 32,
    "invitation": "inv_" + "0" * 32,
    "role": "matrix-missing",
    "version": "1.0.0",
    "other": "1.1.0",
    "report": "checks",
    "test": "tst_" + "0" * 32,
    "name": "API_TOKEN",
    "schedule": "matrix-missing",
    "session_id": "ses_" + "0" * 32,
    "identity": "idn_" + "0" * 32,
    "passkey": "psk_" + "0" * 32,
    "provider": "matrix-missing",
    "user_code": "BCDF-GHJK",
    "token": "matrix-missing",
    "direction": "decode",
    "delivery": "matrix-missing",
    "source": "github",
}
"""What a path can name. A new parameter belongs here, and below too if an organisation can have such a thing."""

BODIES: dict[str, object] = {
    "PATCH /api/v1/organizations/{organization}": {"name": "Taken over"},
    "POST /api/v1/organizations/{organization}/invitations": {"role": "viewer"},
    "POST /api/v1/organizations/{organization}/members": {"person_id": MISSING["person_id"], "role": "viewer"},
    "PATCH /api/v1/people/{person_id}": {"role": "viewer"},
    "POST /api/v1/people/{person_id}/keys": {"label": "theirs"},
    "PUT /api/v1/roles/{role}": {"permissions": []},
}
"""What is sent from abroad to routes that look at the body before they look for the thing."""


@dataclass
class Stage:
    """A thing of each kind in one organisation, and somebody with each role in it and in another."""

    things: dict[str, str]
    here: dict[Role, httpx.AsyncClient]
    abroad: dict[Role, httpx.AsyncClient]
    nobody: httpx.AsyncClient


@pytest.fixture(scope="module")
async def stage(world: World) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:

        async def client(key: str | None) -> httpx.AsyncClient:
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            made = httpx.AsyncClient(base_url=world.url, headers=headers, timeout=30, trust_env=False)
            return await stack.enter_async_context(made)

        here = {role: await client(await world.key(role)) for role in Role}
        admin = await world.person("the admin", Role.ADMIN)
        other = await world.services.organizations.create("Matrix", admin=admin)
        abroad = {}
        for role in Role:
            stranger = Person(id=ids.new("per"), name=f"matrix {role}", role=role, organization_id=other.id)
            await world.services.people.add(stranger)
            key = await world.services.people.issue_key(stranger.id, label="tests")
            abroad[role] = await client(key.get_secret_value())
        yield Stage(await _things(world, here[Role.ADMIN], admin), here, abroad, await client(None))


async def _things(world: World, api: httpx.AsyncClient, admin: Person) -> dict[str, str]:
    spare = await world.person(fresh_name("matrix"), Role.VIEWER)
    key, _ = await world.services.keys.issue(spare.id, label="tests")
    asked = await api.post("/api/v1/integrations", json=a_request(name=fresh_name("matrix")))
    role = RoleDefinition(name=fresh_name("matrix"), permissions=(Grant(resource="runs", action="read"),))
    await world.services.roles.create(admin.organization_id, role)
    invitation = Invitation(
        id=ids.new("inv"),
        organization_id=admin.organization_id,
        role=Role.VIEWER,
        invited_by=admin.id,
        created_at="2026-01-01T00:00:00Z",
        expires_at="2036-01-01T00:00:00Z",
    )
    await world.services.organizations.invite(invitation)
    return MISSING | {
        "integration": asked.json()["integration_id"],
        "person_id": spare.id,
        "key": key.id,
        "organization": admin.organization_id,
        "role": role.name,
        "invitation": invitation.id,
    }


async def _answer(api: httpx.AsyncClient, row: Row, things: dict[str, str], *, body: object = ()) -> httpx.Response:
    """The usual body is one that no route takes, so that nothing is done; of a stream only the beginning is read."""
    sent = {"json": body} if row.method[0] == "P" else {}
    request = api.build_request(row.method, row.path.format(**things), **sent)
    answer = await api.send(request, stream=True)
    if "event-stream" not in answer.headers.get("content-type", ""):
        await answer.aread()
    await answer.aclose()
    return answer


def test_the_documents_are_what_the_routes_say():
    stale = [path.name for path, text in matrix.documents().items() if path.read_text() != text]
    assert stale == [], "run `uv run python -m api.matrix`"


def test_no_route_of_the_application_is_outside(world: World):
    found = {(row.method, row.path): row for row in matrix.rows(create_app(world.services).routes)}
    assert found == {(row.method, row.path): row for row in ROWS}


@pytest.mark.parametrize("row", GUARDED, ids=lambda row: f"{row.method} {row.path}")
async def test_who_is_unknown_is_told_so(stage: Stage, row: Row):
    answer = await _answer(stage.nobody, row, stage.things)
    assert (answer.status_code, row.unknown) == (401, "401"), answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("row", GUARDED, ids=lambda row: f"{row.method} {row.path}")
async def test_another_organisations_thing_is_as_one_that_is_not_there(stage: Stage, row: Row):
    body = BODIES.get(f"{row.method} {row.path}", ())
    for role, api in stage.abroad.items():
        answer = await _answer(api, row, stage.things, body=body)
        expected = row.foreign[role]
        if expected != "own":
            assert answer.status_code == int(expected), (role, answer.text)
            continue
        assert answer.status_code not in {401, 403}, (role, answer.text)
        shown = [one for name, one in stage.things.items() if one != MISSING[name] and name != "organization"]
        assert not [one for one in shown if one in answer.text]
    if row.foreign[Role.ADMIN] == "404":
        missing = await _answer(stage.abroad[Role.ADMIN], row, MISSING, body=body)
        assert _anonymous(answer, stage.things) == _anonymous(missing, MISSING)


def _anonymous(answer: httpx.Response, things: dict[str, str]) -> tuple[int, str]:
    text = answer.text
    for name, value in things.items():
        text = re.sub(re.escape(value), f"<{name}>", text)
    return answer.status_code, text.replace("<role>", "<integration>")


@pytest.mark.parametrize("row", GUARDED, ids=lambda row: f"{row.method} {row.path}")
async def test_each_role_gets_what_is_said(stage: Stage, row: Row):
    for role, api in stage.here.items():
        answer = await _answer(api, row, stage.things)
        if row.own[role] == "yes":
            assert answer.status_code not in {401, 403}, (role, answer.text)
        else:
            assert answer.status_code == 403, (role, answer.text)
            problem = answer.json()
            assert problem["details"]["needed"] in row.permissions
            assert f'scope="{problem["details"]["needed"]}"' in answer.headers["www-authenticate"]
            assert problem["details"]["role"] == role


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.needs == "nobody"], ids=lambda row: f"{row.method} {row.path}"
)
async def test_what_needs_nobody_asks_for_nobody(stage: Stage, row: Row):
    answer = await _answer(stage.nobody, row, MISSING)
    assert answer.status_code != 403
    assert answer.status_code != 401 or row.path.startswith(("/webhooks/", "/api/v1/auth/"))
