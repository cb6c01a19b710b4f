"""A stand-in for a package index, as a server, by the Simple repository API (packaging.python.org).

Pages are at `/simple/` in HTML and JSON, files at `/files/{sha256}/{filename}` with their metadata beside them at
`….metadata`. What people do is below `/_sim/packages/`: `POST offer` puts a file there (`filename`, `content` in
Base64), `POST change` makes the files of a `project` differ from their hashes, `POST reset` takes all of it back.
"""

import hashlib
import html
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.packages.shelf import File, Shelf, project_of

CONTROL = "/_sim/packages"
_VERSION = "1.1"
_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "application/vnd.pypi.simple.v1+html"
_KINDS = (_JSON, _HTML, "text/html")
_UPLOADED = "2026-01-01T00:00:00Z"
_FOR_GOOD = {"cache-control": "max-age=365000000, immutable, public"}
_WHEEL = "application/octet-stream"


class Index:
    """The routes."""

    def __init__(self, state_dir: Path) -> None:
        self._shelf = Shelf(state_dir / "packages")

    async def projects(self, request: Request) -> Response:
        names = self._shelf.projects()
        page = {"meta": {"api-version": _VERSION}, "projects": [{"name": name} for name in names]}
        return _page(request, page, lambda: _listing("Simple index", [(f"{name}/", name, {}) for name in names]))

    async def project(self, request: Request) -> Response:
        asked = request.path_params["project"]
        name = str(canonicalize_name(asked))
        if asked != name or not request.url.path.endswith("/"):
            return RedirectResponse(f"{request.scope.get('root_path', '')}/simple/{name}/", 301)
        files = await run_in_threadpool(self._shelf.files, name)
        if not files:
            return PlainTextResponse("404 Not Found", 404)
        page = {
            "meta": {"api-version": _VERSION},
            "name": name,
            "versions": sorted({file.version for file in files}),
            "files": [_file(file) for file in files],
        }
        return _page(request, page, lambda: _listing(f"Links for {name}", [_link(file) for file in files]))

    async def file(self, request: Request) -> Response:
        """A file, or `.metadata` after its name for a wheel's."""
        asked, sha256 = request.path_params["filename"], request.path_params["sha256"]
        filename = asked.removesuffix(".metadata")
        files = await run_in_threadpool(self._shelf.files, project_of(filename))
        file = next((file for file in files if (file.filename, file.sha256) == (filename, sha256)), None)
        if file is None or (asked != filename and file.metadata is None):
            return PlainTextResponse("404 Not Found", 404)
        if asked != filename:
            return Response(file.metadata, media_type=_WHEEL, headers=_FOR_GOOD)
        changed = await run_in_threadpool(self._shelf.content, file)
        if changed is not None:
            return Response(changed, media_type=_WHEEL)
        return FileResponse(file.path, media_type=_WHEEL, headers=_FOR_GOOD)

    async def offer(self, request: Request) -> Response:
        try:
            file = await run_in_threadpool(self._shelf.offer, await request.json())
        except (KeyError, ValueError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 422)
        return JSONResponse({"filename": file.filename, "sha256": file.sha256}, 201)

    async def change(self, request: Request) -> Response:
        project = str(canonicalize_name((await request.json())["project"]))
        return JSONResponse({"changed": await run_in_threadpool(self._shelf.change, project)})

    async def reset(self, _: Request) -> Response:
        self._shelf.reset()
        return JSONResponse({"reset": True})


def create_app(state_dir: Path, config: Mapping[str, Any]) -> Starlette:
    """`config` has nothing to say."""
    index = Index(state_dir)
    return Starlette(
        routes=[
            Route("/simple/", index.projects),
            Route("/simple/{project}", index.project),
            Route("/simple/{project}/", index.project),
            Route("/files/{sha256}/{filename}", index.file),
            Route(f"{CONTROL}/offer", index.offer, methods=["POST"]),
            Route(f"{CONTROL}/change", index.change, methods=["POST"]),
            Route(f"{CONTROL}/reset", index.reset, methods=["POST"]),
        ]
    )


def _file(file: File) -> dict[str, Any]:
    """PEP 691, with the metadata file of PEP 658 under both of its names (PEP 714)."""
    metadata = {"sha256": hashlib.sha256(file.metadata).hexdigest()} if file.metadata else False
    found = {
        "filename": file.filename,
        "url": f"../../files/{file.sha256}/{file.filename}",
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "upload-time": _UPLOADED,
        "core-metadata": metadata,
        "data-dist-info-metadata": metadata,
        "yanked": False,
    }
    return found | ({"requires-python": file.requires_python} if file.requires_python else {})


def _link(file: File) -> tuple[str, str, dict[str, str]]:
    """PEP 503 with the same metadata: address, text, attributes."""
    attributes = {}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.metadata:
        digest = f"sha256={hashlib.sha256(file.metadata).hexdigest()}"
        attributes |= {"data-core-metadata": digest, "data-dist-info-metadata": digest}
    return f"../../files/{file.sha256}/{file.filename}#sha256={file.sha256}", file.filename, attributes


def _listing(title: str, links: Sequence[tuple[str, str, Mapping[str, str]]]) -> str:
    lines = []
    for address, text, attributes in links:
        given = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
        lines.append(f'    <a href="{html.escape(address)}"{given}>{html.escape(text)}</a><br />')
    return (
        "<!DOCTYPE html>\n<html>\n  <head>\n"
        f'    <meta name="pypi:repository-version" content="{_VERSION}">\n    <title>{html.escape(title)}</title>\n'
        f"  </head>\n  <body>\n    <h1>{html.escape(title)}</h1>\n" + "\n".join(lines) + "\n  </body>\n</html>\n"
    )


def _page(request: Request, page: Mapping[str, Any], as_html: Callable[[], str]) -> Response:
    """The page as the caller wants it, or 304 if it has it."""
    kind = _wanted(request.headers.get("accept", "*/*"))
    if kind is None:
        return PlainTextResponse("406 Not Acceptable", 406)
    body = (json.dumps(page) if kind == _JSON else as_html()).encode()
    headers = {"etag": f'"{hashlib.sha256(body).hexdigest()[:22]}"', "cache-control": "no-cache", "vary": "Accept"}
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=kind, headers=headers)


def _wanted(accept: str) -> str | None:
    """The kind of page asked for (RFC 9110, 12.5.1); HTML for whoever does not mind."""
    qualities = {}
    for part in accept.split(","):
        name, *parameters = [word.strip() for word in part.split(";")]
        quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        qualities[name.lower()] = float(quality) if quality.replace(".", "", 1).isdigit() else 0.0
    least = {"text/html": max(qualities.get("*/*", 0), qualities.get("text/*", 0))}
    offered = {kind: qualities.get(kind, least.get(kind, 0.0)) for kind in _KINDS}
    best = max(offered, key=lambda kind: offered[kind])
    return best if offered[best] > 0 else None
