"""Documents as odd as real ones: what is read from them."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.openapi import OpenApiDocuments, OpenApiSettings
from domain.errors import InvalidDocument, NotFound

DOCUMENTS = OpenApiDocuments(OpenApiSettings())


def ref(*names: str) -> dict[str, Any]:
    return {"$ref": "#/" + "/".join(names)}


def schema_ref(*names: str) -> dict[str, Any]:
    return ref("components", "schemas", *names)


ODD: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "", "version": "1"},
    "servers": [
        {
            "url": "https://{region}.api.example.com/{base}/",
            "variables": {"region": {"default": "eu"}, "base": {"enum": ["v2"]}},
        }
    ],
    "security": [{"key": []}],
    "paths": {
        "/users/{user-id}": {
            "parameters": [
                {**ref("components", "parameters", "user~1id"), "description": "beside"},
                {"name": "verbose", "in": "query", "schema": {"type": "boolean"}},
            ],
            "get": {
                "parameters": [{"name": "verbose", "in": "query", "schema": {"type": ["string", "null"]}}],
                "responses": {
                    "200": ref("components", "responses", "One"),
                    "default": ref("paths", "orders", "post", "responses", "400"),
                },
                "servers": [{"url": "/other"}],
                "security": [],
            },
        },
        "orders": {
            "post": {
                "operationId": "make order",
                "requestBody": ref("components", "requestBodies", "Order"),
                "responses": {"400": {"description": "bad"}},
            },
            "get": None,
        },
        "/again": ref("paths", "~1users~1%7Buser-id%7D"),
        "/null": None,
    },
    "components": {
        "parameters": {"user/id": {"name": "user-id", "in": "path", "required": True, "schema": schema_ref("Id%20A")}},
        "responses": {"One": {"description": "one", "content": {"application/json": {"schema": schema_ref("User")}}}},
        "requestBodies": {"Order": {"content": {"text/x": {"schema": schema_ref("User", "properties", "boss")}}}},
        "schemas": {
            "Id A": {"type": "string"},
            "User": {"properties": {"boss": schema_ref("User"), "team": schema_ref("Team")}},
            "Team": {"items": schema_ref("Deep")},
            "Deep": True,
        },
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}, "other": {"type": "http"}},
    },
}


@pytest.fixture(scope="module")
def odd() -> bytes:
    return DOCUMENTS.normalise(json.dumps(ODD).encode())


def test_parameters_are_merged_and_resolved(odd: bytes) -> None:
    read = json.loads(DOCUMENTS.operation(odd, "GET", "/users/{user-id}"))
    first, second = read["parameters"]
    assert first["description"] == "beside"
    assert first["schema"] == {"$ref": "#/components/schemas/Id%20A"}
    assert second["schema"] == {"type": ["string", "null"]}
    assert "parameters" not in read["operation"]


def test_responses_are_resolved_and_schemas_named(odd: bytes) -> None:
    read = json.loads(DOCUMENTS.operation(odd, "get", "/users/{user-id}"))
    one = read["operation"]["responses"]["200"]
    assert one["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/User"}
    assert read["operation"]["responses"]["default"] == {"description": "bad"}
    assert set(read["schemas"]) == {"Id A", "User", "Team"}


def test_a_reference_into_a_schema_is_replaced_by_what_it_means(odd: bytes) -> None:
    read = json.loads(DOCUMENTS.operation(odd, "post", "orders"))
    schema = read["operation"]["requestBody"]["content"]["text/x"]["schema"]
    assert set(schema["properties"]) == {"boss", "team"}


def test_security_and_servers_are_those_that_count(odd: bytes) -> None:
    open_to_all = json.loads(DOCUMENTS.operation(odd, "get", "/users/{user-id}"))
    assert open_to_all["security_schemes"] == {}
    assert open_to_all["servers"] == [{"url": "/other"}]
    closed = json.loads(DOCUMENTS.operation(odd, "post", "orders"))
    assert closed["security_schemes"] == {"key": ODD["components"]["securitySchemes"]["key"]}
    assert closed["servers"][0]["url"] == "https://eu.api.example.com/v2/"


def test_a_path_item_may_be_a_reference(odd: bytes) -> None:
    again = json.loads(DOCUMENTS.operation(odd, "get", "/again"))
    assert again["path"] == "/again"
    assert len(again["parameters"]) == 2


def test_lines_without_operation_id_keep_their_shape(odd: bytes) -> None:
    assert DOCUMENTS.search(odd, "", 10).splitlines() == [
        "GET /again |  | ",
        "GET /users/{user-id} |  | ",
        "POST orders | make order | ",
    ]
    assert DOCUMENTS.search(odd, "user", 1) == "GET /users/{user-id} |  | "
    assert DOCUMENTS.search(odd, "orders", 5) == "POST orders | make order | "
    assert DOCUMENTS.search(odd, "zebra", 5).startswith("No operation matches; the document has 3.")


def test_schema_names_what_it_refers_to(odd: bytes) -> None:
    assert json.loads(DOCUMENTS.schema(odd, "User"))["refers_to"] == ["Team", "User"]
    assert json.loads(DOCUMENTS.schema(odd, "#/components/schemas/Id%20A"))["name"] == "Id A"
    assert json.loads(DOCUMENTS.schema(odd, "Deep"))["schema"] is True


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        (None, "https://docs.example.com"),
        ([], "https://docs.example.com"),
        ([{"url": "/"}], "https://docs.example.com"),
        ([{"url": "/v1/"}], "https://docs.example.com/v1"),
        ([{"url": "v1"}], "https://docs.example.com/specs/v1"),
        ([{"url": "//api.example.com"}], "https://api.example.com"),
        ([{"url": "http://h:80/{v}", "variables": {"v": {"default": 2}}}], "http://h:80/2"),
        ([{"url": "https://{tenant}.x.io"}, {"url": "https://b.io?x=1"}], "https://b.io"),
        ([{"url": "ftp://x.io"}], None),
        ([{"url": "https://[bad"}, {"url": None}, 3], "https://docs.example.com"),
        ("text", "https://docs.example.com"),
    ],
)
def test_server(servers: Any, expected: str | None) -> None:
    document = DOCUMENTS.normalise(json.dumps({**ODD, "servers": servers}).encode())
    found = DOCUMENTS.server(document, fetched_from="https://docs.example.com/specs/openapi.yaml")
    assert found == expected


def test_answers_stay_within_60000_characters() -> None:
    def big(levels: int) -> dict[str, Any]:
        return {"properties": {f"p{n}": big(levels - 1) if levels else {"description": "d" * 199} for n in range(8)}}

    schemas = {f"S{n}": big(2) for n in range(30)}
    wide = {"anyOf": [{"$ref": f"#/components/schemas/S{n}"} for n in range(30)]}
    operation = {"description": "x" * 100_000, "requestBody": {"content": {"a/b": {"schema": wide}}, "x-y": big(3)}}
    document = DOCUMENTS.normalise(
        json.dumps({**ODD, "paths": {"/a": {"post": operation}}, "components": {"schemas": schemas}}).encode()
    )
    text = DOCUMENTS.operation(document, "post", "/a")
    read = json.loads(text)
    assert len(text) <= 60_000
    assert "read_schema" in read["note"]
    assert "S29" in read["schemas_left_out"] or "S29" in read["schemas"]
    assert len(DOCUMENTS.schema(document, "S0")) <= 60_000
    assert len(DOCUMENTS.summary(document)) <= 2000


def test_references_that_double_at_each_step_are_bounded() -> None:
    responses = {f"R{n}": {"x": [{"$ref": f"#/components/responses/R{n + 1}"}] * 4} for n in range(30)}
    responses["R30"] = {"description": "end"}
    paths = {"/a": {"get": {"responses": {"200": {"$ref": "#/components/responses/R0"}}}}}
    document = DOCUMENTS.normalise(json.dumps({**ODD, "paths": paths, "components": {"responses": responses}}).encode())
    assert len(DOCUMENTS.operation(document, "get", "/a")) <= 60_000


def test_reading_takes_normalised_documents_only() -> None:
    for data in (b"openapi: 3.0.0", b"{", b"[" * 100_000):
        with pytest.raises(InvalidDocument):
            DOCUMENTS.search(data, "", 1)


NAMES = st.sampled_from(
    [
        *("get", "post", "parameters", "responses", "200", "content", "schema", "$ref", "A", "name", "in", "servers"),
        *("url", "tags", "summary", "items", "properties", "variables", "security", "description", "/a", "example"),
    ]
)
REFS = st.sampled_from(
    ["#/components/schemas/A", "#/components/responses/A", "#/paths/~1a", "#/paths/~1a/get", "#/info"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | REFS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=4).map(lambda item: {"get": {}, **item})
COMPONENTS = st.dictionaries(
    st.sampled_from(["schemas", "responses", "parameters", "securitySchemes"]),
    st.dictionaries(NAMES, VALUES, max_size=3) | VALUES,
    max_size=4,
)


@given(
    paths=st.dictionaries(st.sampled_from(["/a", "/b", "c"]), ITEMS, max_size=3),
    components=COMPONENTS | VALUES,
    info=VALUES,
    servers=VALUES,
)
@settings(max_examples=250, deadline=None)
def test_whatever_is_accepted_can_be_read(paths: Any, components: Any, info: Any, servers: Any) -> None:
    raw = {"openapi": "3.0.0", "info": info, "servers": servers, "paths": paths, "components": components}
    with contextlib.suppress(InvalidDocument):
        document = DOCUMENTS.normalise(json.dumps(raw).encode())
        assert DOCUMENTS.normalise(document) == document
        assert len(DOCUMENTS.summary(document)) <= 2000
        DOCUMENTS.server(document, fetched_from="http://h/x")
        for line in DOCUMENTS.search(document, "", 100).splitlines():
            method, path = line.split(" | ")[0].split(" ", 1)
            read = json.loads(DOCUMENTS.operation(document, method, path))
            for name in read["schemas"]:
                json.loads(DOCUMENTS.schema(document, name))
        with pytest.raises(NotFound):
            DOCUMENTS.operation(document, "get", "/nowhere")
