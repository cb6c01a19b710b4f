"""What cannot be accepted is refused in one form, and says what to do."""

import dataclasses
import json

import httpx
import pytest

from api.security import PUBLIC
from domain.people import Role
from tests.api.world import DOCUMENT, World, a_request, served

PROBLEM = "application/problem+json"


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:ccb:error:{code}")
    assert body["instance"] == answer.request.url.path
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"titel": "x"}, "titel"),
        ({"name": "Not A Name"}, "name"),
        ({"name": "x"}, "name"),
        ({"document": {}}, "document"),
        ({"document": {"url": "ftp://example.com/x"}}, "document.url"),
        ({"document": {"url": "file:///etc/passwd"}}, "document.url"),
        ({"document": {"url": "https://x.example", "artifact": {"hash": "sha256:" + "0" * 64, "size": 1}}}, "document"),
        ({"document": {"artifact": {"hash": "sha256:../../x", "size": 1}}}, "document.artifact.hash"),
        ({"repository": "no-slash"}, "repository"),
        ({"repository": "a/b/../c"}, "repository"),
        ({"base_url": "javascript:alert(1)"}, "base_url"),
        ({"document": {"url": "https://x.example", "artifact": None}}, "document"),
        ({"budget": {"usd": -1}}, "budget.usd"),
        ({"budget": {"usd": "1e999999"}}, "budget.usd"),
        ({"budget": {"tokens": 10**400}}, "budget.tokens"),
    ],
)
async def test_a_bad_field_is_named(world: World, change: dict[str, object], field: str):
    async with world.client(Role.DEVELOPER) as api:
        body = is_problem(await api.post("/api/v1/integrations", json=a_request(**change)), 422, "invalid_input")
    assert field in [one["field"] for one in body["errors"]]
    assert all(one["pointer"].startswith("/") and one["detail"] for one in body["errors"])


async def test_a_sequence_that_no_store_can_hold(world: World):
    async with world.client(Role.DEVELOPER) as api:
        made = (await api.post("/api/v1/integrations", json=a_request())).json()["integration_id"]
        refused = is_problem(await api.get(f"/api/v1/integrations/{made}/events?after={2**63}"), 422, "invalid_input")
    assert refused["errors"][0]["field"] == "after"  # type: ignore[index]


async def test_a_missing_field_is_named_with_what_to_do(world: World):
    async with world.client(Role.DEVELOPER) as api:
        body = is_problem(await api.post("/api/v1/integrations", json={"title": "x"}), 422, "invalid_input")
    assert body["errors"] == [{"field": "document", "pointer": "/document", "detail": "is required; send it"}]


@pytest.mark.parametrize(
    "body",
    [b"{not json", b'{"title": "\xe9"}', b'{"title": ' + b"9" * 5000 + b"}", b"[" * 100_000],
    ids=["words", "latin-1", "a long number", "deep"],
)
async def test_a_body_that_is_not_json(world: World, body: bytes):
    headers = {"Content-Type": "application/json"}
    async with world.client(Role.DEVELOPER) as api:
        refused = is_problem(await api.post("/api/v1/integrations", content=body, headers=headers), 400, "not_json")
    assert "UTF-8" in str(refused["detail"])


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json", "Content-Encoding": "gzip"}])
async def test_a_body_that_does_not_say_what_it_is_or_is_packed(world: World, headers: dict[str, str]):
    body = json.dumps(a_request()).encode()
    async with world.client(Role.DEVELOPER) as api:
        answer = await api.post("/api/v1/integrations", content=body, headers=headers)
    is_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("GET", "/api/v1/deliveries?since=9999-12-31T23:59:59-14:00", None, "since"),
        ("GET", "/api/v1/deliveries?until=0001-01-01T00:00:00%2B14:00", None, "until"),
        ("POST", "/api/v1/keys", {"label": "x", "expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
        ("POST", "/api/v1/people", {"name": "a\x00"}, "name"),
        ("POST", "/api/v1/people", {"name": "  "}, "name"),
        ("POST", "/api/v1/people", {"name": "ada", "github": "a\nb"}, "github"),
        ("POST", "/api/v1/organizations", {"name": "\x7f"}, "name"),
        ("PUT", "/api/v1/limits", {}, "day_usd"),
    ],
)
async def test_what_no_store_can_hold_and_nobody_can_read(
    world: World, method: str, path: str, body: object, field: str
):
    async with world.client(Role.ADMIN) as api:
        refused = is_problem(await api.request(method, path, json=body), 422, "invalid_input")
    assert refused["errors"][0]["field"] == field  # type: ignore[index]


@pytest.mark.parametrize("name", ["no-such-thing", "int_" + "0" * 32])
@pytest.mark.parametrize("path", ["", "/run", "/events", "/versions", "/logs"])
async def test_an_integration_that_is_not_there(world: World, name: str, path: str):
    async with world.client() as api:
        body = is_problem(await api.get(f"/api/v1/integrations/{name}{path}"), 404, "not_found")
    assert name in body["detail"]


async def test_a_path_and_a_method_that_are_not_there(world: World):
    async with world.client() as api:
        is_problem(await api.get("/api/v1/nothing"), 404, "not_found")
        answer = await api.delete("/api/v1/integrations")
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


async def test_an_unknown_stage_is_refused(world: World):
    async with world.client() as api:
        is_problem(await api.get("/api/v1/integrations?stage=asleep"), 422, "invalid_input")


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_large(world: World, declared: bool):
    async def pieces():
        for _ in range(20):
            yield b" " * 100_000

    content = b" " * 2_000_000 if declared else pieces()
    headers = {"Content-Type": "application/json"}
    async with world.client(Role.DEVELOPER) as api:
        answer = await api.post("/api/v1/integrations", content=content, headers=headers)
    body = is_problem(answer, 413, "content_too_large")
    assert "1 MB" in body["detail"]


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        (b"", 422, "invalid_document"),
        (b"\xff\xfe\x00\x01", 422, "invalid_document"),
        (b"just words", 422, "invalid_document"),
        (b'{"swagger": "2.0", "info": {}, "paths": {}}', 422, "invalid_document"),
        (json.dumps({**DOCUMENT, "paths": {}}).encode(), 422, "invalid_document"),
        (b"a: &a [*a]", 422, "invalid_document"),
        (b" " * 26_000_000, 413, "content_too_large"),
        (b'{"openapi": "3.0.3", "x": "' + b"x" * 21_000_000 + b'"}', 413, "document_too_large"),
    ],
    ids=["empty", "bytes", "words", "swagger", "nothing in it", "loop", "26 MB", "21 MB"],
)
async def test_a_document_that_is_none(world: World, document: bytes, status: int, code: str):
    async with world.client(Role.DEVELOPER) as api:
        is_problem(await api.post("/api/v1/documents", content=document), status, code)


async def test_what_goes_wrong_inside_stays_inside(world: World, caplog: pytest.LogCaptureFixture):
    """A bug, made here by services that lack a part, is logged with its trace; the answer tells nothing of it."""
    broken = dataclasses.replace(world.services, people=None)
    async with served(broken) as url, httpx.AsyncClient(base_url=url, trust_env=False) as api:
        answer = await api.get("/api/v1/people", headers={"Authorization": "Bearer x"})
    is_problem(answer, 500, "internal")
    assert "NoneType" not in answer.text
    assert "NoneType" in caplog.text


async def test_every_answer_carries_the_security_headers(world: World):
    async with world.client(None) as api:
        for path in ("/health/live", "/api/v1/integrations", "/docs", "/nothing"):
            answer = await api.get(path)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-store"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_the_openapi_document_declares_problems_everywhere(world: World):
    async with world.client(None) as api:
        document = (await api.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    assert "Problem" in schemas
    assert "HTTPValidationError" not in schemas
    used = json.dumps(document)
    for schema in {part.split('"')[0] for part in used.split("#/components/schemas/")[1:]}:
        assert schema in schemas, schema
    operations = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operations.add(operation["operationId"])
            if path.startswith("/api/") and (method.upper(), path) not in PUBLIC:
                refused = operation["responses"]["401"]["content"]
                assert list(refused) == [PROBLEM], (method, path)
                assert refused[PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}, (method, path)
                assert PROBLEM in operation["responses"]["422"]["content"]
                assert operation["security"] == [{"Bearer": []}]
    assert len(operations) == sum(len(methods) for methods in document["paths"].values())
