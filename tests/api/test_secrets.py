"""Secrets of integrations by the API: set, named, and never given back."""

import logging

import pytest
from pydantic import SecretStr
from temporalio.client import Client

from domain import ids
from domain.artifacts import content_hash
from domain.lifecycle import Stage
from domain.people import Actor, Channel, Role
from domain.plan import Plan
from domain.registry import Version
from domain.runs import SECRETS_SIGNAL, CreateIntegration, DocumentSource, IntegrationRequest
from tests.api.stand_in import CONTENT
from tests.api.test_problems import is_problem
from tests.api.test_runs import a_run, in_stage
from tests.api.world import REPOSITORY, World, fresh_name

VALUE = "hunter2-☂-hunter2"

PLAN = Plan.model_validate(
    {
        "name": "parcels",
        "summary": "Lists parcels.",
        "base_url": "https://parcels.example.com",
        "capabilities": [
            {
                "name": "parcels.list",
                "description": "Lists them.",
                "method": "get",
                "route": "/parcels",
                "operation": {"method": "get", "path": "/parcels", "purpose": "Lists them."},
            }
        ],
        "hosts": ["parcels.example.com"],
        "secrets": [
            {"name": "API_TOKEN", "description": "The token."},
            {"name": "API_KEY", "description": "More.", "required": False},
        ],
        "acceptance": ["It lists parcels."],
    }
)


async def planned(world: World, name: str, plan: Plan) -> None:
    """Give the integration a version with this plan, newer than those it has."""
    found = await world.services.integrations.find(name)
    ref = await world.services.artifacts.put(plan.model_dump_json().encode(), "application/json")
    version = Version(integration_id=found.id, version="9.0.0", content_hash=content_hash(b"9"), files=ref, plan=ref)
    await world.services.integrations.record_version(version, key=f"plan/{ref.hash}")


async def unplanned(world: World, *, organization: str = ids.DEFAULT_ORGANIZATION) -> str:
    """The name of an integration without a run and without a version."""
    name = fresh_name("unplanned")
    cmd = CreateIntegration(
        integration_id=ids.new("int"),
        organization_id=organization,
        request=IntegrationRequest(title="x", name=name, document=DocumentSource(url="https://example.com/x")),
        requester=Actor(channel=Channel.API, name="ada"),
        repository=REPOSITORY,
    )
    await world.services.integrations.accept(cmd, workflow_id="none", run_id="none")
    return name


def at(name: str, secret: str = "") -> str:
    return f"/api/v1/integrations/{name}/secrets" + (f"/{secret}" if secret else "")


async def signals(world: World, name: str) -> list[str]:
    """The signals that the run was sent."""
    found = await world.services.integrations.find(name)
    client = await Client.connect(world.services.temporal.address)
    history = await client.get_workflow_handle(found.workflow_id).fetch_history()
    sent = [event.workflow_execution_signaled_event_attributes for event in history.events]
    return [one.signal_name for one in sent if one.signal_name]


async def test_a_secret_is_set_and_shown_as_set_and_the_run_is_told(world: World):
    name = await a_run(world, "parcels")
    await planned(world, name, PLAN)
    async with world.client(Role.VIEWER) as api:
        before = (await api.get(at(name))).json()
    assert before == [
        {"name": "API_TOKEN", "description": "The token.", "required": True, "is_set": False},
        {"name": "API_KEY", "description": "More.", "required": False, "is_set": False},
    ]
    assert await signals(world, name) == []
    async with world.client(Role.OPERATOR) as api:
        answer = await api.put(at(name, "API_TOKEN"), json={"value": VALUE})
        assert (answer.status_code, answer.content) == (204, b"")
        after = await api.get(at(name))
    assert [one["is_set"] for one in after.json()] == [True, False]
    assert "hunter2" not in after.text
    assert await signals(world, name) == [SECRETS_SIGNAL]
    found = await world.services.integrations.find(name)
    assert await world.services.secrets.reveal(found.id) == {"API_TOKEN": SecretStr(VALUE)}
    (entry,) = [one for one in await world.services.integrations.audit(found.id) if one.action == "secret.put"]
    assert (entry.actor.name, entry.actor.channel, entry.result) == ("the operator", Channel.API, "API_TOKEN")


async def test_only_what_the_plan_declares_is_taken(world: World):
    name = await a_run(world, "declared")
    await planned(world, name, PLAN)
    async with world.client(Role.OPERATOR) as api:
        other = is_problem(await api.put(at(name, "OTHER"), json={"value": VALUE}), 422, "invalid_input")
    assert "API_TOKEN, API_KEY" in other["detail"]
    assert other["details"] == {"declared": ["API_TOKEN", "API_KEY"]}
    assert other["errors"][0]["field"] == "name"
    found = await world.services.integrations.find(name)
    assert await world.services.secrets.names(found.id) == []

    await planned(world, name, PLAN.model_copy(update={"secrets": []}))
    async with world.client(Role.OPERATOR) as api:
        none = is_problem(await api.put(at(name, "API_TOKEN"), json={"value": VALUE}), 422, "invalid_input")
    assert "declares none" in none["detail"]


async def test_one_that_is_active_takes_them_for_its_next_deployment(world: World):
    name = await a_run(world, "active")
    await planned(world, name, PLAN)
    async with world.client(Role.REVIEWER) as api:
        review = {"decision": "approve", "content_hash": CONTENT}
        await api.post(f"/api/v1/integrations/{name}/reviews", json=review)
        await in_stage(api, name, "active")
    found = await world.services.integrations.find(name)
    client = await Client.connect(world.services.temporal.address)
    await client.get_workflow_handle(found.workflow_id).result()
    async with world.client(Role.OPERATOR) as api:
        assert (await api.put(at(name, "API_TOKEN"), json={"value": VALUE})).status_code == 204
    assert await world.services.secrets.names(found.id) == ["API_TOKEN"]


async def test_before_there_is_a_plan_any_name_is_taken_and_nobody_need_be_told(world: World):
    name = await unplanned(world)
    async with world.client(Role.OPERATOR) as api:
        assert (await api.get(at(name))).json() == []
        assert (await api.put(at(name, "SOME_KEY"), json={"value": VALUE})).status_code == 204
        listed = (await api.get(at(name))).json()
    assert listed == [{"name": "SOME_KEY", "description": "", "required": None, "is_set": True}]


@pytest.mark.parametrize(
    "body",
    [
        {"value": ""},
        {"value": VALUE + "x" * 65_536},
        {"value": VALUE + "\x00"},
        {"value": VALUE + "☂" * 30_000},
        {"value": [VALUE]},
        {"value": {"value": VALUE}},
        {"value": None, "secret": VALUE},
        {"value": VALUE, "more": VALUE},
        [VALUE],
        VALUE,
    ],
)
async def test_what_is_refused_is_not_repeated(world: World, body: object, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    name = await unplanned(world)
    async with world.client(Role.OPERATOR) as api:
        answer = await api.put(at(name, "API_TOKEN"), json=body)
        listed = (await api.get(at(name))).json()
    is_problem(answer, 422, "invalid_input")
    assert "hunter2" not in answer.text
    assert "hunter2" not in caplog.text
    assert listed == []


@pytest.mark.parametrize(
    "content", [b'{"value": "hunter2', b"hunter2", b'{"value": "hunter2\xff"}', b'"\\ud800hunter2"']
)
async def test_what_is_not_json_is_not_repeated(world: World, content: bytes, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    name = await unplanned(world)
    headers = {"Content-Type": "application/json"}
    async with world.client(Role.OPERATOR) as api:
        answer = await api.put(at(name, "API_TOKEN"), content=content, headers=headers)
    assert answer.status_code in {400, 422}
    assert "hunter2" not in answer.text
    assert "hunter2" not in caplog.text


async def test_a_value_is_in_no_log(world: World, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    name = await unplanned(world)
    async with world.client(Role.OPERATOR) as api:
        assert (await api.put(at(name, "API_TOKEN"), json={"value": VALUE})).status_code == 204
    assert "hunter2" not in caplog.text
    assert at(name, "API_TOKEN") in caplog.text


@pytest.mark.parametrize("secret", ["api_token", "1KEY", "A" * 65, "A-B", "A%20B"])
async def test_a_name_that_no_environment_has(world: World, secret: str):
    name = await unplanned(world)
    async with world.client(Role.OPERATOR) as api:
        is_problem(await api.put(at(name, secret), json={"value": VALUE}), 422, "invalid_input")


async def test_those_of_another_organisation_are_not_there(world: World):
    name = await unplanned(world, organization="org_" + "1" * 32)
    async with world.client(Role.ADMIN) as api:
        is_problem(await api.get(at(name)), 404, "not_found")
        is_problem(await api.put(at(name, "API_TOKEN"), json={"value": VALUE}), 404, "not_found")


async def test_one_that_failed_takes_none(world: World):
    name = await unplanned(world)
    found = await world.services.integrations.find(name)
    await world.services.integrations.enter(found.id, Stage.FAILED, key="end")
    async with world.client(Role.OPERATOR) as api:
        is_problem(await api.put(at(name, "API_TOKEN"), json={"value": VALUE}), 409, "conflict")


async def test_no_route_gives_values_and_the_document_shows_none(world: World):
    async with world.client(None) as api:
        document = (await api.get("/openapi.json")).json()
    routes = {path: set(methods) for path, methods in document["paths"].items() if "secrets" in path}
    assert routes == {
        "/api/v1/integrations/{integration}/secrets": {"get"},
        "/api/v1/integrations/{integration}/secrets/{name}": {"put"},
        "/api/v1/secrets/reencryption": {"post"},
    }
    assert set(document["components"]["schemas"]["Reencrypted"]["properties"]) == {"renewed", "values"}
    assert "value" not in document["components"]["schemas"]["SecretView"]["properties"]
    given = document["components"]["schemas"]["NewSecret"]["properties"]["value"]
    assert (given["format"], given["writeOnly"]) == ("password", True)
    assert not {"example", "examples", "default"} & set(given)
    put = document["paths"]["/api/v1/integrations/{integration}/secrets/{name}"]["put"]
    # An example of a request, and nobody's value.
    assert put["requestBody"]["content"]["application/json"]["example"] == {"value": "correct horse battery staple"}


async def test_by_the_command_line(world: World, tmp_path):
    name = await a_run(world, "cli")
    await planned(world, name, PLAN)
    (tmp_path / "token").write_text(f"{VALUE}\r\n\n")
    no_terminal = await world.ccb("secrets", "set", name, "API_TOKEN")
    assert (no_terminal.code, no_terminal.out) == (2, "")
    assert "--value-file" in no_terminal.err
    done = await world.ccb("secrets", "set", name, "API_TOKEN", "--value-file", str(tmp_path / "token"))
    assert done.code == 0, done
    assert done.out == f"API_TOKEN of {name} is set.\n"
    found = await world.services.integrations.find(name)
    assert await world.services.secrets.reveal(found.id) == {"API_TOKEN": SecretStr(VALUE)}
    (entry,) = [one for one in await world.services.integrations.audit(found.id) if one.action == "secret.put"]
    assert entry.actor.channel is Channel.CLI

    table = await world.ccb("secrets", "list", name)
    rows = [line.split() for line in table.out.splitlines()]
    assert ["API_TOKEN", "yes", "yes", "The", "token."] in rows
    assert ["API_KEY", "no", "no", "More."] in rows
    listed = await world.ccb("secrets", "list", name, "--json")
    assert [(one["name"], one["is_set"]) for one in listed.json()] == [("API_TOKEN", True), ("API_KEY", False)]

    unknown = await world.ccb("secrets", "set", name, "OTHER", "--value-file", str(tmp_path / "token"))
    assert (unknown.code, unknown.out) == (2, "")
    assert "API_TOKEN" in unknown.err
    for ran in (no_terminal, done, table, listed, unknown):
        assert "hunter2" not in ran.out + ran.err
