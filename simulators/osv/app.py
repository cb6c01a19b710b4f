"""A stand-in for OSV, as a server: `POST /v1/query`, `POST /v1/querybatch`, `GET /v1/vulns/{id}`.

Source: google.github.io/osv.dev/api and ossf.github.io/osv-schema. What is known is declared below `/_sim/osv/`: `POST
vulnerabilities` takes one in OSV's format, `GET vulnerabilities` lists them, `POST reset` forgets all.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CONTROL = "/_sim/osv"
_MAX_QUERIES = 1000
_PAGE = 100
_FIRST = Version("0")


class Refused(Exception):
    """What the API answers to a request that it cannot use, as gRPC's gateway writes it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message}


class Known:
    """Vulnerabilities by id, in a file, so that they survive a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}

    def declare(self, entry: dict[str, Any]) -> None:
        missing = [field for field in ("id", "modified") if not isinstance(entry.get(field), str)]
        if missing:
            raise Refused(422, 3, f"OSV's format requires {', '.join(missing)}.")
        self._entries[entry["id"]] = entry
        self._save()

    def forget(self) -> None:
        self._entries = {}
        self._save()

    def entries(self) -> list[dict[str, Any]]:
        return [self._entries[name] for name in sorted(self._entries)]

    def entry(self, name: str) -> dict[str, Any]:
        if name not in self._entries:
            raise Refused(404, 5, "Bug not found.")
        return self._entries[name]

    def of(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        ecosystem, name, version = _asked(query)
        return [
            entry
            for entry in self.entries()
            if "withdrawn" not in entry
            and any(_affects(affected, ecosystem, name, version) for affected in entry.get("affected", []))
        ]

    def _save(self) -> None:
        self._path.write_text(json.dumps(self._entries))


def create_app(state_dir: Path, config: Mapping[str, Any]) -> Starlette:
    state_dir.mkdir(parents=True, exist_ok=True)
    known = Known(state_dir / "osv.json")

    async def query(request: Request) -> Response:
        asked = await _json(request)
        return JSONResponse(_page(known.of(asked), asked))

    async def batch(request: Request) -> Response:
        queries = (await _json(request)).get("queries", [])
        if len(queries) > _MAX_QUERIES:
            raise Refused(400, 3, "Too many queries.")
        return JSONResponse({"results": [_named(_page(known.of(asked), asked)) for asked in queries]})

    async def vulnerability(request: Request) -> Response:
        return JSONResponse(known.entry(request.path_params["name"]))

    async def declare(request: Request) -> Response:
        known.declare(await _json(request))
        return JSONResponse({"declared": True}, 201)

    async def declared(_: Request) -> Response:
        return JSONResponse({"vulnerabilities": known.entries()})

    async def reset(_: Request) -> Response:
        known.forget()
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/v1/query", query, methods=["POST"]),
            Route("/v1/querybatch", batch, methods=["POST"]),
            Route("/v1/vulns/{name}", vulnerability),
            Route(f"{CONTROL}/vulnerabilities", declare, methods=["POST"]),
            Route(f"{CONTROL}/vulnerabilities", declared),
            Route(f"{CONTROL}/reset", reset, methods=["POST"]),
        ],
        exception_handlers={Refused: _refuse},
    )


async def _refuse(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return JSONResponse(error.body, error.status)


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise Refused(400, 3, "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Refused(400, 3, "The body is not a JSON object.")
    return body


def _asked(query: Mapping[str, Any]) -> tuple[str, str, str]:
    """Ecosystem, name and version, however they are given. A version in the URL excludes one beside it."""
    package, version = query.get("package", {}), str(query.get("version", ""))
    purl = str(package.get("purl", ""))
    if not purl:
        return str(package.get("ecosystem", "")), canonicalize_name(str(package.get("name", ""))), version
    kind, _, rest = purl.removeprefix("pkg:").partition("/")
    name, _, inside = rest.partition("?")[0].partition("@")
    if not purl.startswith("pkg:") or not name:
        raise Refused(400, 3, "Invalid package URL.")
    if inside and version:
        raise Refused(400, 3, "version specified in params and purl query")
    return {"pypi": "PyPI", "npm": "npm"}.get(kind, kind), canonicalize_name(name), inside or version


def _affects(affected: Mapping[str, Any], ecosystem: str, name: str, version: str) -> bool:
    package = affected.get("package", {})
    if package.get("ecosystem") != ecosystem or canonicalize_name(str(package.get("name", ""))) != name:
        return False
    if not version or version in affected.get("versions", []):
        return True
    return any(_within(one["events"], version) for one in affected.get("ranges", []) if one.get("type") == "ECOSYSTEM")


def _within(events: list[dict[str, str]], version: str) -> bool:
    """The published algorithm: events in the order of their versions turn it on and off (osv-schema, "evaluation")."""
    try:
        asked, vulnerable = Version(version), False
        for kind, at in sorted(((kind, at) for event in events for kind, at in event.items()), key=_order):
            if kind == "introduced" and _version(at) <= asked:
                vulnerable = True
            elif (kind == "fixed" and asked >= _version(at)) or (kind == "last_affected" and asked > _version(at)):
                vulnerable = False
    except InvalidVersion as error:
        raise Refused(400, 3, f"Invalid version: {error}") from error
    return vulnerable


def _order(event: tuple[str, str]) -> Version:
    return _version(event[1])


def _version(text: str) -> Version:
    return _FIRST if text == "0" else Version(text)


def _page(entries: list[dict[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    """At most 100 at once; the token of the next page is opaque to clients."""
    token = str(asked.get("page_token", "") or "0")
    if not token.isdecimal():
        raise Refused(400, 3, "Invalid page token.")
    start = int(token)
    page: dict[str, Any] = {"vulns": entries[start : start + _PAGE]} if entries[start:] else {}
    return page | ({"next_page_token": str(start + _PAGE)} if entries[start + _PAGE :] else {})


def _named(page: dict[str, Any]) -> dict[str, Any]:
    if "vulns" not in page:
        return page
    now = datetime.now(UTC).isoformat()
    return page | {"vulns": [{"id": one["id"], "modified": one.get("modified", now)} for one in page["vulns"]]}
