"""The OpenAPI document: what FastAPI makes of the routes, and what holds for all of them.

Problems stand in place of FastAPI's own errors, each operation has an example of what is sent and what is answered,
and says what any request may be refused with.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue

from api import refusals, stream
from api.problems import PROBLEMS, Problem
from api.rates import UNCOUNTED
from api.samples import sample
from domain.errors import InvalidInput
from domain.events import Event
from domain.live import LiveEntry
from domain.vendors import LogLine

REFERENCE = "#/components/schemas/"
_TAGS = {
    "integrations": "Asked for, listed, described.",
    "runs": "What is being done to an integration, and what people tell it.",
    "deployments": "What runs where; deploy, promote, roll back.",
    "retirement": "The end of an integration: announced, taken back, done.",
    "dependencies": "Who needs whom.",
    "tests": "Checks, unit tests and contract tests, on demand.",
    "health": "How integrations and this service are.",
    "registry": "What can be used, by what it can do.",
    "documents": "API documents that integrations are made for.",
    "secrets": "Values that integrations are given; they are set, and never given back.",
    "limits": "What may be spent.",
    "schedules": "What is started again and again.",
    "people": "Who is known, and what they may do.",
    "webhooks": "What GitHub, Slack, Linear and Jira send.",
}
_ANSWERS = {
    "400": ("`not_json`", True),
    "406": ("`not_acceptable`", False),
    "413": ("`content_too_large`", True),
    "415": ("`unsupported_media_type`", True),
    "429": ("`too_many_requests`", False),
}
"""What any request may be refused with; those of the second kind only where something is sent."""
_LOCATION = {"schema": {"type": "string"}, "description": "Where the standing of what was begun can be read."}
_MODELS = (Problem, LogLine, Event, LiveEntry, stream.Standing)


def document(app: FastAPI) -> dict[str, Any]:
    """The same for the same code: nothing of the settings or of the machine is in it."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


async def served(request: Request) -> Response:
    """The document, made once, in a thread: it takes seconds."""
    app: FastAPI = request.app
    if app.openapi_schema is None:
        await asyncio.to_thread(document, app)
    return JSONResponse(app.openapi_schema)


def _made(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, summary=None
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for model in _MODELS:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    made = _plainly_named(made)
    schemas = made["components"]["schemas"]
    used = set()
    made["components"]["headers"] = refusals.HEADERS
    shown: dict[str, Any] = {}
    for where, operation in operations(made):
        used.update(operation.get("tags", ()))
        _parameters(operation)
        _refusals(operation)
        _examples(operation, schemas)
        refusals.describe(operation, shown, counted=where.partition(" ")[2] not in UNCOUNTED)
    made["tags"] = [{"name": tag, "description": _TAGS.get(tag, tag.capitalize() + ".")} for tag in sorted(used)]
    made["paths"] = dict(sorted(made["paths"].items()))
    made["servers"] = [{"url": "/"}]
    for part, found in (("schemas", schemas), ("examples", shown)):
        made["components"][part] = dict(sorted(found.items()))
    return made


def _plainly_named(made: dict[str, Any]) -> dict[str, Any]:
    """Schemas under names that programs can have. Pydantic tells what is sent from what is answered by `-Input`.

    Raises ValueError for two models of one name, which it tells apart by their modules.
    """
    text = json.dumps(made)
    for old in list(made["components"]["schemas"]):
        new = old.removesuffix("-Output").replace("-Input", "Input")
        if not new.isalnum() or (new != old and new in made["components"]["schemas"]):
            raise ValueError(f"{old}: another model has this name too, give one of them another")
        text = text.replace(f'"{REFERENCE}{old}"', f'"{REFERENCE}{new}"').replace(f'"{old}": {{', f'"{new}": {{')
    named: dict[str, Any] = json.loads(text)
    for name, schema in named["components"]["schemas"].items():
        schema["title"] = name
    return named


def operations(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation, with its method and path."""
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _parameters(operation: dict[str, Any]) -> None:
    """What is not given is left out: nothing in a URL or a header is null."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
        if len(options) == 1:
            del schema["anyOf"]
            parameter["schema"] = options[0] | schema


def _refusals(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status, (codes, with_body) in _ANSWERS.items():
        if "requestBody" in operation or not with_body:
            responses.setdefault(status, {"description": codes, "content": PROBLEMS})
    # FastAPI declares 422 with its own shape for whatever has parameters.
    if "HTTPValidationError" in str(responses.get("422")):
        responses["422"] = {"description": f"`{InvalidInput.code}`", "content": PROBLEMS}
    if "202" in responses and "webhooks" not in operation.get("tags", ()):
        responses["202"].setdefault("headers", {})["Location"] = _LOCATION
    operation["responses"] = dict(sorted(responses.items()))


def _examples(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    contents = [operation.get("requestBody", {}).get("content", {})]
    contents += [
        response.get("content", {}) for status, response in operation["responses"].items() if status.startswith("2")
    ]
    for content in contents:
        for media_type, about in content.items():
            # Of OpenAPI 3.2; to 3.1 a stream of events is text.
            if about.pop("itemSchema", None) is not None:
                about["schema"] = {"description": "Server-sent events."}
            if "example" not in about and "examples" not in about:
                about["example"] = _example(media_type, about.get("schema", {}), schemas)


def _example(media_type: str, schema: dict[str, Any], schemas: dict[str, Any]) -> JsonValue:
    match media_type:
        case "text/event-stream":
            return "event: stage\nid: 3.0\ndata: {}\n\n"
        case "text/html":
            return "<!doctype html>"
        case "text/plain":
            return "…"
    return sample(schema, schemas)
