"""The stand-in's server: the document itself at `/_document`, and a sample answer for each of its operations."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulators.outside.samples import Samples

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def create_app(raw: bytes) -> Starlette:
    """Serve `raw`, and answer its operations as well as it can be read; one that cannot be read has no operations."""
    document = _read(raw)
    samples = Samples(document)
    operations = list(_operations(document))

    async def published(_: Request) -> Response:
        return Response(raw, media_type="application/octet-stream")

    async def answer(request: Request) -> Response:
        for method, pattern, operation in operations:
            if method == request.method.lower() and pattern.fullmatch(request.url.path):
                return _answer(samples, operation)
        return JSONResponse({"detail": "no such operation"}, 404)

    return Starlette(routes=[Route("/_document", published), Route("/{path:path}", answer, methods=_METHODS)])


def _read(raw: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(raw)
    except ValueError:
        try:
            document = yaml.load(raw, Loader=_LOADER)  # noqa: S506 - a safe loader, by its C implementation if there
        except (yaml.YAMLError, ValueError, RecursionError):
            return {}
    return document if isinstance(document, Mapping) else {}


def _operations(document: Mapping[str, Any]) -> list[tuple[str, re.Pattern[str], Mapping[str, Any]]]:
    """Method, path as a pattern, operation; paths without parameters first, as OpenAPI has it."""
    paths = document.get("paths")
    found = []
    for path, item in paths.items() if isinstance(paths, Mapping) else ():
        pattern = "".join(
            "[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", path)
        )
        for method, operation in item.items() if isinstance(item, Mapping) else ():
            if method.upper() in _METHODS and isinstance(operation, Mapping):
                found.append((path.count("{"), method, re.compile(pattern), operation))
    found.sort(key=lambda one: one[0])
    return [(method, pattern, operation) for _, method, pattern, operation in found]


def _answer(samples: Samples, operation: Mapping[str, Any]) -> Response:
    responses = operation.get("responses")
    listed = responses if isinstance(responses, Mapping) else {}
    status = next((str(code) for code in listed if str(code).startswith("2")), "default")
    code = int(status) if status.isdigit() else 200
    content = samples.resolve(listed.get(status) or {}).get("content")
    if not isinstance(content, Mapping) or not content or code == 204:
        return Response(status_code=code)
    media_type, media = next(iter(content.items()))
    if "json" not in media_type:
        return PlainTextResponse("sample", code)
    schema = media.get("schema") if isinstance(media, Mapping) else None
    return JSONResponse(samples.of(schema or {}), code)
