"""Our operations, the simulator's answers and our models of payloads, against what Linear publishes."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute,
    get_named_type,
    parse,
    validate,
)
from pydantic import BaseModel

from adapters.linear import queries, webhooks
from adapters.linear.tracker import LinearTracker
from domain.vendors import TicketLink, TicketRef
from simulators.kit import Simulators
from simulators.kit.documents import Documents
from simulators.linear import graphql as simulated
from simulators.linear.workspace import Workspace
from tests.contract.receiver import Receiver
from tests.until import until

SCHEMA = build_schema((Path(__file__).parent / "published.graphql").read_text())
NAMES = {query: query.split()[1].partition("(")[0] for query in queries.ALL}


@pytest.mark.parametrize("query", queries.ALL, ids=NAMES.get)
def test_every_operation_is_valid(query: str) -> None:
    assert validate(SCHEMA, parse(query)) == []


def test_the_check_of_operations_can_fail() -> None:
    assert validate(SCHEMA, parse("query Q($id: Int!) { issue(id: $id) { nothing } }"))


async def test_requests_and_answers_are_as_published(
    tracker: LinearTracker, ticket: TicketRef, simulators: Simulators
) -> None:
    """What was sent is sent again, and its answer put through the published schema: nothing is lost, nothing wrong."""
    last = await simulators.last("linear")
    await tracker.account()
    assert await tracker.is_open(ticket)
    await tracker.link(ticket, TicketLink(url="https://github.example/pull/1", title="Pull request"))
    await tracker.comment(ticket, key="k", body="one")
    await tracker.comment(ticket, key="k", body="two")
    await tracker.finish(ticket)
    sent = [json.loads(one.body) for one in await simulators.journal("linear", since=last)]
    assert {one["operationName"] for one in sent} == set(NAMES.values())
    config = simulators.config["linear"]
    async with httpx.AsyncClient(headers={"Authorization": config["token"]}, trust_env=False) as http:
        for one in sent:
            if one["operationName"] == "CreateComment":
                one["variables"]["input"].pop("id")
            answer = (await http.post(simulators.linear_url, json=one)).json()
            found = execute(SCHEMA, parse(one["query"]), answer["data"], variable_values=one["variables"])
            assert found.errors is None, found.errors
            assert found.data == answer["data"]


def test_what_the_simulator_cannot_read_it_refuses() -> None:
    with pytest.raises(simulated.BadQuery):
        simulated.read("query Q { issue(id: ", {})
    with pytest.raises(simulated.BadQuery):
        simulated.read("fragment F on Issue { id }", {})
    with pytest.raises(simulated.BadQuery):
        simulated.pick(simulated.read("query Q { issue { nothing } }", {}).fields[0], {"id": "1"})


MODELS: list[tuple[type[BaseModel], str]] = [
    (webhooks.Actor, "UserActorWebhookPayload"),
    (webhooks.Label, "IssueLabelChildWebhookPayload"),
    (webhooks.State, "WorkflowStateChildWebhookPayload"),
    (webhooks.Project, "ProjectChildWebhookPayload"),
    (webhooks.Issue, "IssueWebhookPayload"),
    (webhooks.IssueOfComment, "IssueChildWebhookPayload"),
    (webhooks.Comment, "CommentWebhookPayload"),
    (webhooks.ProjectChanged, "ProjectWebhookPayload"),
    (webhooks.IssueEvent, "EntityWebhookPayload"),
]


def published(schema: GraphQLSchema, name: str) -> dict[str, Any]:
    found = schema.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found.fields


@pytest.mark.parametrize(("model", "name"), MODELS, ids=[name for _, name in MODELS])
def test_every_field_that_we_read_is_published(model: type[BaseModel], name: str) -> None:
    """What we require is never null, and what may be null we take so."""
    fields = published(SCHEMA, name)
    for field, info in model.model_fields.items():
        if name == "EntityWebhookPayload" and field in {"data", "actor"}:
            continue  # unions, of which the members are checked
        there = fields[info.alias or field]
        always = isinstance(there.type, GraphQLNonNull)
        assert always or not info.is_required(), field


async def test_the_simulators_payloads_are_as_published(
    simulators: Simulators, receiver: Receiver, ticket: TicketRef, tracker: LinearTracker
) -> None:
    await simulators.act("linear", "edit", user="ada", issue=ticket.key, labels=["integration"], project="Cities")
    await simulators.act("linear", "comments", user="ada", issue=ticket.key, body="/ccb status")
    await simulators.act("linear", "projects", user="ada", name="Cities", canceled=True)
    await tracker.link(ticket, TicketLink(url="https://github.example/pull/1", title="Pull request"))

    async def came() -> list[dict[str, Any]] | None:
        bodies = [json.loads(one.body) for one in receiver.at("/linear")]
        return bodies if {body["type"] for body in bodies} >= {"Issue", "Comment", "Project", "Attachment"} else None

    for body in await until(came):
        _check("EntityWebhookPayload", {name: value for name, value in body.items() if name not in {"data", "actor"}})
        _check(f"{body['type']}WebhookPayload", body["data"], beyond={"issueId", "number", "project"})
        _check("UserActorWebhookPayload", body["actor"])


def _check(name: str, value: dict[str, Any], *, beyond: frozenset[str] | set[str] = frozenset()) -> None:
    """Each field is published, and of that kind."""
    fields = published(SCHEMA, name)
    for field, given in value.items():
        if field in beyond or field not in fields:
            assert field in beyond, f"{name}.{field}"
            continue
        inner = get_named_type(fields[field].type)
        if given is None:
            assert not isinstance(fields[field].type, GraphQLNonNull), field
        elif isinstance(given, dict) and isinstance(inner, GraphQLObjectType):
            _check(inner.name, given)
        elif isinstance(given, list):
            for one in given:
                if isinstance(inner, GraphQLObjectType):
                    _check(inner.name, one)
        else:
            kind = {"String": str, "Float": int | float, "Boolean": bool, "DateTime": str, "JSONObject": dict | list}
            assert isinstance(given, kind[inner.name]), field


def test_the_workspace_is_the_same_after_a_restart(tmp_path: Path) -> None:
    first = Workspace(Documents(tmp_path / "x.db"), app="ccb")
    made = first.new_issue(title="t", description="", labels=[], project=None, creator=first.user("ada"))
    assert Workspace(Documents(tmp_path / "x.db"), app="ccb").issue(made["identifier"]) == made
