"""The published document: current, valid, with an example of everything; and nothing in it breaks a client."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from schemathesis.specs.openapi.definitions import OPENAPI_31

from api.described import operations
from api.problems import MEDIA_TYPE as PROBLEM
from api.rates import UNCOUNTED
from tests.api.breaking import breaks, contract

DOCS = Path(__file__).parents[2] / "docs"
"""`openapi.json` is what is now; `openapi.released.json` the contract of the newest release, without prose."""


@pytest.fixture(scope="module")
def printed() -> str:
    """As whoever has no server prints it, with nothing in the environment."""
    done = subprocess.run(
        [sys.executable, "-m", "api.openapi"],
        cwd=DOCS.parent,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def document(printed: str) -> dict[str, Any]:
    return dict(json.loads(printed))


def test_it_is_printed_without_a_server_and_kept_as_it_is(printed: str):
    """If this fails: `python -m api.openapi > docs/openapi.json`."""
    assert (DOCS / "openapi.json").read_text() == printed


def test_it_is_openapi_3_1(document: dict[str, Any]):
    """By the OpenAPI Initiative's own schema, which schemathesis carries."""
    assert document["openapi"].startswith("3.1.")
    schema = jsonschema_rs.Draft202012Validator(OPENAPI_31)
    assert [(error.instance_path, error.message) for error in schema.iter_errors(document)] == []
    assert list(schema.iter_errors({**SMALL, "openapi": "3.1.0", "info": {}}))


def test_operations_have_names_of_their_own_tags_and_words(document: dict[str, Any]):
    found = dict(operations(document))
    named = [operation["operationId"] for operation in found.values()]
    assert sorted({name for name in named if named.count(name) > 1}) == []
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for where, operation in found.items():
        assert set(operation["tags"]) <= tags, where
        assert operation["tags"], where
        assert operation.get("description"), where
        assert operation.get("summary"), where
    schemes = document["components"]["securitySchemes"]
    assert all(set(one) <= set(schemes) for op in found.values() for one in op.get("security", ()))


def test_every_operation_says_what_it_can_refuse(document: dict[str, Any]):
    """By what it takes: a credential, a body, a precondition, an Idempotency-Key, something named in its path."""
    for where, operation in operations(document):
        given = {one["name"] for one in operation.get("parameters", ())}
        wanted = {"406", "429"}
        if operation.get("security"):
            wanted |= {"401", "403", "422", "503"}
        if "requestBody" in operation:
            wanted |= {"400", "413", "415"}
        if "If-Match" in given:
            wanted |= {"404", "412", "428"}
        if "integration" in given:
            wanted |= {"404"}
        if "Idempotency-Key" in given:
            wanted |= {"409", "422"}
            assert "`request_under_way`" in operation["responses"]["409"]["description"], where
            assert "`idempotency_key_reused`" in operation["responses"]["422"]["description"], where
        assert wanted <= set(operation["responses"]), where


def test_every_refusal_has_an_example_and_its_headers(document: dict[str, Any]):
    parts = document["components"]
    for where, operation in operations(document):
        counted = where.partition(" ")[2] not in UNCOUNTED
        for status, response in operation["responses"].items():
            headers = response.get("headers", {})
            for about in (one for media, one in response.get("content", {}).items() if media == PROBLEM):
                for code, one in about["examples"].items():
                    example = parts["examples"][one["$ref"].rpartition("/")[2]]["value"]
                    assert (example["code"], str(example["status"])) == (code, status), where
                    assert unlike(document, {"schema": about["schema"], "example": example}) == [], where
            if status == "429":
                assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(headers), where
            if status == "202" and "webhooks" not in operation["tags"]:
                assert "Location" in headers, where
            if status.startswith("2") and counted:
                assert {"RateLimit", "RateLimit-Policy"} <= set(headers), where
            references = [one["$ref"].rpartition("/")[2] for one in headers.values() if "$ref" in one]
            assert set(references) <= set(parts["headers"]), where


def test_schemas_have_names_that_programs_can_have(document: dict[str, Any]):
    """Generators make classes of them: `a__b` and `X-Output` become two of one name, and endpoints are left out."""
    schemas = document["components"]["schemas"]
    assert [name for name in schemas if not name.isalnum()] == []
    assert [name for name, schema in schemas.items() if schema["title"] != name] == []


def test_every_operation_has_examples_that_are_what_it_says(document: dict[str, Any]):
    """Of what is sent, and of each good answer."""
    for where, operation in operations(document):
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [one.get("content", {}) for status, one in operation["responses"].items() if status[0] == "2"]
        for content in contents:
            for media_type, about in content.items():
                assert "example" in about or about.get("examples"), (where, media_type)
                if "json" in media_type and about["schema"].get("format") != "binary":
                    assert unlike(document, about) == [], where


def unlike(document: dict[str, Any], about: dict[str, Any]) -> list[str]:
    schema = {**about["schema"], "components": document["components"]}
    given = [about["example"]] if "example" in about else [one["value"] for one in about["examples"].values()]
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [f"{list(error.absolute_path)}: {error.message}" for one in given for error in validator.iter_errors(one)]


def test_nothing_breaks_whoever_uses_the_released_version(document: dict[str, Any]):
    """A break needs a new major version, and a new `openapi.released.json` with it."""
    released = json.loads((DOCS / "openapi.released.json").read_text())
    assert breaks(released, contract(document)) == []


SMALL: dict[str, Any] = {
    "info": {"version": "1.2.0"},
    "paths": {
        "/a": {
            "post": {
                "operationId": "make",
                "parameters": [{"in": "query", "name": "q", "schema": {"type": "string", "maxLength": 9}}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/In"}}},
                },
                "responses": {
                    "200": {
                        "headers": {"ETag": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Out"}}},
                    },
                    "404": {"content": {}},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "In": {
                "type": "object",
                "properties": {
                    "title": {"type": "string", "description": "said"},
                    "kind": {"enum": ["x", "y"]},
                    "size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                },
                "required": ["title"],
            },
            "Out": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "state": {"enum": ["on", "off"]},
                    "next": {"$ref": "#/components/schemas/Out"},
                    "items": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
                },
                "required": ["id", "state"],
            },
        }
    },
}

Edit = Callable[[dict[str, Any]], object]


def operation(document: dict[str, Any]) -> dict[str, Any]:
    return dict.__getitem__(document["paths"]["/a"], "post")


def given(document: dict[str, Any], name: str) -> dict[str, Any]:
    return dict.__getitem__(document["components"]["schemas"], name)


BREAKS: dict[str, Edit] = {
    "a path is gone": lambda it: it["paths"].pop("/a"),
    "an operation is gone": lambda it: it["paths"]["/a"].pop("post"),
    "another operationId": lambda it: operation(it).update(operationId="do"),
    "a parameter is gone": lambda it: operation(it)["parameters"].clear(),
    "a parameter is shorter": lambda it: operation(it)["parameters"][0]["schema"].update(maxLength=5),
    "a parameter is of another type": lambda it: operation(it)["parameters"][0]["schema"].update(type="integer"),
    "a parameter is required": lambda it: operation(it)["parameters"][0].update(required=True),
    "a new parameter is required": lambda it: operation(it)["parameters"].append(
        {"in": "header", "name": "h", "required": True, "schema": {}}
    ),
    "it needs credentials": lambda it: operation(it).update(security=[{"Bearer": []}]),
    "another media type is taken": lambda it: operation(it)["requestBody"].update(content={"text/plain": {}}),
    "a field is required": lambda it: given(it, "In")["required"].append("kind"),
    "a field is taken no more": lambda it: given(it, "In")["properties"].pop("kind"),
    "a choice is gone": lambda it: given(it, "In")["properties"]["kind"]["enum"].remove("y"),
    "an alternative is gone": lambda it: given(it, "In")["properties"]["size"]["anyOf"].pop(),
    "a pattern": lambda it: given(it, "In")["properties"]["title"].update(pattern="^a"),
    "a good answer is gone": lambda it: operation(it)["responses"].pop("200"),
    "an answer is of another media type": lambda it: operation(it)["responses"]["200"].update(content={"text/x": {}}),
    "a header is gone": lambda it: operation(it)["responses"]["200"]["headers"].clear(),
    "an answered field is gone": lambda it: given(it, "Out")["properties"].pop("state"),
    "an answered field may be missing": lambda it: given(it, "Out")["required"].remove("id"),
    "an answered field is of another type": lambda it: given(it, "Out")["properties"]["id"].update(type="integer"),
    "an answered choice is new": lambda it: given(it, "Out")["properties"]["state"]["enum"].append("idle"),
    "an inner field is gone": lambda it: given(it, "Out")["properties"]["items"]["items"]["properties"].pop("n"),
    "an answered field may be null": lambda it: given(it, "Out")["properties"].update(
        id={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
}
HARMLESS: dict[str, Edit] = {
    "nothing": lambda it: None,
    "a new path": lambda it: it["paths"].update({"/b": {"get": {"operationId": "b", "responses": {}}}}),
    "a new parameter": lambda it: operation(it)["parameters"].append({"in": "query", "name": "p", "schema": {}}),
    "a new field is taken": lambda it: given(it, "In")["properties"].update(more={"type": "string"}),
    "a new choice is taken": lambda it: given(it, "In")["properties"]["kind"]["enum"].append("z"),
    "a longer parameter": lambda it: operation(it)["parameters"][0]["schema"].update(maxLength=10),
    "a new field is answered": lambda it: given(it, "Out")["properties"].update(more={"type": "string"}),
    "an answered choice is gone": lambda it: given(it, "Out")["properties"]["state"]["enum"].pop(),
    "other words": lambda it: given(it, "In")["properties"]["title"].update(description="other"),
    "a refusal is gone": lambda it: operation(it)["responses"].pop("404"),
    "a body that is not required": lambda it: operation(it)["requestBody"].update(required=False),
}


@pytest.mark.parametrize("what", BREAKS)
def test_each_kind_of_break_is_found(what: str):
    after = copy.deepcopy(SMALL)
    BREAKS[what](after)
    assert breaks(SMALL, after) != []
    assert breaks(SMALL, {**after, "info": {"version": "2.0.0"}}) == []


@pytest.mark.parametrize("what", HARMLESS)
def test_what_breaks_nobody_is_let_through(what: str):
    after = copy.deepcopy(SMALL)
    HARMLESS[what](after)
    assert breaks(SMALL, after) == []
