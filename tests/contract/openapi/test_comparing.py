"""What breaks, what does not, and that order and names of no account change nothing."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.openapi import OpenApiComparing
from domain.drift import Difference, evidence
from domain.errors import InvalidDocument

CITY = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "mayor": {"type": "object", "properties": {"name": {"type": "string"}}},
        "twin": {"$ref": "#/components/schemas/City"},
    },
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Cities", "version": "1"},
    "servers": [{"url": "https://cities.example.com/v1"}],
    "security": [{"key": []}],
    "paths": {
        "/cities": {
            "get": {
                "operationId": "listCities",
                "parameters": [{"in": "query", "name": "limit", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/City"}}
                            }
                        },
                    }
                },
            },
            "post": {
                "operationId": "addCity",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/City"}}}},
                "responses": {"201": {"description": "made"}},
            },
        },
        "/cities/{id}": {
            "get": {
                "operationId": "readCity",
                "parameters": [{"in": "path", "name": "id", "required": True, "schema": {"type": "integer"}}],
                "responses": {"200": {"description": "ok"}},
            }
        },
        "/rivers": {"get": {"operationId": "listRivers", "responses": {"200": {"description": "ok"}}}},
    },
    "components": {
        "schemas": {"City": CITY},
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "bearer": {"type": "http", "scheme": "bearer"},
        },
    },
}
USED = [("get", "/cities"), ("post", "/cities"), ("get", "/cities/{id}")]

Change = Callable[[dict[str, Any]], object]


def compared(change: Change) -> list[Difference]:
    after = copy.deepcopy(DOCUMENT)
    change(after)
    return OpenApiComparing().compare(json.dumps(DOCUMENT).encode(), json.dumps(after).encode(), USED)


def operation(document: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]
    return found


def city(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]["City"]
    return found


def parameter(name: str, *, required: bool) -> dict[str, Any]:
    return {"in": "query", "name": name, "required": required, "schema": {"type": "string"}}


BREAKING: dict[str, tuple[Change, str, str]] = {
    "an operation is gone": (lambda d: d["paths"]["/cities"].pop("post"), "operation_gone", "is gone"),
    "a path moved": (
        lambda d: d["paths"].__setitem__("/v2/cities", d["paths"].pop("/cities")),
        "operation_moved",
        "moved to GET /v2/cities",
    ),
    "a new parameter must be given": (
        lambda d: operation(d, "/cities", "get")["parameters"].append(parameter("country", required=True)),
        "parameter_required",
        "the parameter country (query) is new and must be given",
    ),
    "a parameter must be given now": (
        lambda d: operation(d, "/cities", "get")["parameters"][0].update(required=True),
        "parameter_required",
        "the parameter limit (query) must be given now",
    ),
    "a parameter takes other values": (
        lambda d: operation(d, "/cities", "get")["parameters"][0].update(schema={"type": "string"}),
        "parameter_changed",
        "limit",
    ),
    "a field of the answer is gone": (
        lambda d: city(d)["properties"].pop("name"),
        "response_changed",
        "the field [].name of the answer 200 is gone",
    ),
    "a field of the answer is of another type": (
        lambda d: city(d)["properties"]["id"].update(type="string"),
        "response_changed",
        "the field [].id of the answer 200 is of another type: string",
    ),
    "a field of the answer may be null": (
        lambda d: city(d)["properties"]["name"].update(type=["string", "null"]),
        "response_changed",
        "null or string",
    ),
    "another status": (
        lambda d: operation(d, "/cities", "post").update(responses={"202": {"description": "later"}}),
        "response_changed",
        "does not answer 201 any more",
    ),
    "a field must be sent": (
        lambda d: city(d).update(required=["id", "name"]),
        "body_changed",
        "the field name of the body must be sent now",
    ),
    "other credentials": (
        lambda d: d.update(security=[{"bearer": []}]),
        "authentication_changed",
        "http bearer",
    ),
    "another server": (
        lambda d: d.update(servers=[{"url": "https://api.cities.example.com/v2"}]),
        "server_changed",
        "https://api.cities.example.com/v2",
    ),
}


@pytest.mark.parametrize("what", BREAKING)
def test_what_breaks(what: str) -> None:
    change, kind, words = BREAKING[what]
    found = [one for one in compared(change) if one.breaking]
    assert kind in {one.kind for one in found}
    assert any(words in one.what for one in found), found


HARMLESS: dict[str, Change] = {
    "nothing": lambda _: None,
    "a new parameter may be given": lambda d: operation(d, "/cities", "get")["parameters"].append(
        parameter("country", required=False)
    ),
    "a new field": lambda d: city(d)["properties"].update(area={"type": "number"}),
    "an answer is narrower": lambda d: operation(d, "/cities", "get")["parameters"][0].update(
        schema={"type": "number"}
    ),
    "another operation is gone": lambda d: d["paths"].pop("/rivers"),
    "a placeholder has another name": lambda d: d["paths"].__setitem__(
        "/cities/{city}",
        {
            "get": {
                "parameters": [{"in": "path", "name": "city", "required": True, "schema": {"type": "integer"}}],
                "responses": d["paths"].pop("/cities/{id}")["get"]["responses"],
            }
        },
    ),
    "another way to authenticate": lambda d: d.update(security=[{"bearer": []}, {"key": []}]),
    "a second server": lambda d: d["servers"].append({"url": "https://eu.cities.example.com/v1"}),
    "other words": lambda d: operation(d, "/cities", "get").update(summary="All of them"),
    "an answer of failure": lambda d: operation(d, "/cities", "get")["responses"].update(
        {"429": {"description": "slow down"}}
    ),
    "a schema is written out": lambda d: operation(d, "/cities/{id}", "get").update(
        responses={"200": {"description": "ok"}}
    ),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_what_does_not_break(what: str) -> None:
    assert [one for one in compared(HARMLESS[what]) if one.breaking] == []


def test_others_are_counted_and_breaking_comes_first() -> None:
    def change(document: dict[str, Any]) -> None:
        document["paths"].pop("/rivers")
        document["paths"]["/lakes"] = {"get": {"responses": {"200": {"description": "ok"}}}}
        document["paths"]["/cities"].pop("post")

    found = compared(change)
    assert [one.breaking for one in found] == [True, False, False]
    assert {one.what for one in found[1:]} == {"1 other operation is new", "1 other operation is gone"}
    words = evidence("cities", "1.0.0", "https://example.com", found)
    assert words.index("## Breaking") < words.index("`POST /cities`: is gone") < words.index("## Other")


def test_a_schema_of_many_alternatives_ends() -> None:
    """Each level refers twice to the next: written out it would be of 2**60 parts."""
    after = copy.deepcopy(DOCUMENT)
    for level in range(60):
        refers = {"$ref": f"#/components/schemas/{'City' if level == 59 else f'L{level + 1}'}"}
        after["components"]["schemas"][f"L{level}"] = {"oneOf": [refers, {"allOf": [refers]}]}
    content = operation(after, "/cities", "get")["responses"]["200"]["content"]["application/json"]
    content["schema"] = {"$ref": "#/components/schemas/L0"}
    data = json.dumps(after).encode()
    found = OpenApiComparing().compare(json.dumps(DOCUMENT).encode(), data, USED)
    assert not any("is gone" in one.what for one in found), "what was not looked at is not gone"
    assert OpenApiComparing().compare(data, data, USED) == []


def test_what_was_not_normalised_is_refused() -> None:
    with pytest.raises(InvalidDocument):
        OpenApiComparing().compare(json.dumps(DOCUMENT).encode(), b"<html>", USED)


def _schemas() -> st.SearchStrategy[dict[str, Any]]:
    leaves = st.sampled_from(["string", "integer", "number", "boolean"]).map(lambda kind: {"type": kind})
    names = st.sampled_from(["a", "b", "c", "d"])

    def wider(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        objects = st.dictionaries(names, inner, min_size=1, max_size=3)
        return st.one_of(
            objects.map(lambda fields: {"type": "object", "properties": fields}),
            inner.map(lambda item: {"type": "array", "items": item}),
            inner.map(lambda part: {"allOf": [part]}),
        )

    return st.recursive(leaves, wider, max_leaves=8)


def _answering(schema: dict[str, Any]) -> bytes:
    document = copy.deepcopy(DOCUMENT)
    content = operation(document, "/cities", "get")["responses"]["200"]["content"]
    content["application/json"]["schema"] = schema
    return json.dumps(document).encode()


@settings(max_examples=60, deadline=None)
@given(_schemas())
def test_the_same_is_the_same_and_more_is_never_less(schema: dict[str, Any]) -> None:
    comparing, data = OpenApiComparing(), _answering(schema)
    assert comparing.compare(data, data, USED) == []
    wrapped = {"type": "object", "properties": {"before": schema}}
    more = {"type": "object", "properties": {"before": schema, "more": {"type": "string"}}}
    assert not any(one.breaking for one in comparing.compare(_answering(wrapped), _answering(more), USED))
    assert any(one.breaking for one in comparing.compare(_answering(more), _answering(wrapped), USED))
