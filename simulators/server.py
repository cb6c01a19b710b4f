"""All simulators behind one port, each below its mount; control routes are at `/_sim`."""

import importlib
import importlib.util
import json
import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from simulators.kit import Fault, Faults, HangUpProtocol, Journal, Simulated

MOUNTS = {
    "github": "/github/api/v3",
    "slack": "/slack/api",
    "claude": "/claude",
    "packages": "/packages",
    "osv": "/osv",
    "kubernetes": "/kubernetes",
    "docker": "/docker",
    "linear": "/linear",
    "jira": "/jira",
    "oidc": "/oidc",
}


def create_app(state_dir: Path, config: Mapping[str, Mapping[str, Any]]) -> Starlette:
    """The whole server. `config` holds one object for each vendor that is wanted; the others are left out."""
    state_dir.mkdir(parents=True, exist_ok=True)
    journal = Journal(state_dir)
    vendors = [vendor for vendor in MOUNTS if vendor in config and _installed(vendor)]

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "vendors": vendors})

    routes: list[BaseRoute] = [Route("/_sim/health", health)]
    for vendor in vendors:
        module = importlib.import_module(f"simulators.{vendor}.app")
        app: ASGIApp = module.create_app(state_dir, config[vendor])
        faults = Faults()
        routes += _control(vendor, journal, faults)
        routes.append(Mount(MOUNTS[vendor], app=Simulated(app, vendor=vendor, journal=journal, faults=faults)))
        routes.append(Route(f"/_sim/{vendor}/{{rest:path}}", _Bare(app)))
    return Starlette(routes=routes)


class _Bare:
    """The app with its whole path: an instance, because Starlette takes a function for a handler of requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _installed(vendor: str) -> bool:
    package = f"simulators.{vendor}"
    return importlib.util.find_spec(package) is not None and importlib.util.find_spec(f"{package}.app") is not None


def _control(vendor: str, journal: Journal, faults: Faults) -> list[BaseRoute]:
    async def read(request: Request) -> Response:
        query = request.query_params
        try:
            since = int(query.get("since", "0"))
            entries = journal.entries(vendor, since=since, path=query.get("path", ""), method=query.get("method", ""))
        except (ValueError, re.error) as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse({"entries": [entry.model_dump() for entry in entries]})

    async def arm(request: Request) -> Response:
        try:
            faults.add(Fault.model_validate_json(await request.body()))
        except ValidationError as error:
            return JSONResponse({"error": json.loads(error.json(include_url=False, include_context=False))}, 422)
        return JSONResponse({"armed": True}, 201)

    async def disarm(_: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    return [
        Route(f"/_sim/{vendor}/journal", read, methods=["GET"]),
        Route(f"/_sim/{vendor}/faults", arm, methods=["POST"]),
        Route(f"/_sim/{vendor}/faults", disarm, methods=["DELETE"]),
    ]


class _Announcing(uvicorn.Server):
    """Prints `{"url": …}` on one line of standard output once it accepts connections, so that port 0 can be used."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()[:2]
        sys.stdout.write(json.dumps({"url": f"http://{host}:{port}"}) + "\n")
        sys.stdout.flush()


def serve(host: str, port: int, state_dir: Path, config: Mapping[str, Mapping[str, Any]]) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError if the port is taken."""
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it each answer waits 40 ms for an ACK.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    options = uvicorn.Config(
        create_app(state_dir, config),
        http=HangUpProtocol,
        lifespan="off",
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
    _Announcing(options).run(sockets=[listener])
