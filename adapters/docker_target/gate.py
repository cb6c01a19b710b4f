"""The front's own process: passes requests on as the files of a folder say.

A file is looked at again with each request, so a change needs no restart, and closes no connection: what is under way
ends where it began. Docker replaces a file by removing it first; meanwhile the last that was read holds. Each request
of a stable URL is a line of standard output, which `figures` reads.
"""

import json
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from adapters.docker_target.containers import PORT
from adapters.docker_target.routes import SUFFIX, Route, read
from adapters.process_target.figures import Timing
from adapters.process_target.gateway import Gateway
from adapters.workloads.routes import Decks, other
from domain.errors import NotFound, VendorError
from domain.vendors import Notice

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_DEPLOYMENT = re.compile(r"dep_[0-9a-f]{32}")

Address = Callable[[str], tuple[str, int]]


def by_name(deployment_id: str) -> tuple[str, int]:
    """A container is called as its deployment, which Docker's name server knows."""
    return deployment_id, PORT


class Files:
    """The ways that the files of `folder` say (`adapters.process_target.gateway.Ways`)."""

    def __init__(self, folder: Path, network: "Network") -> None:
        self._folder = folder
        self._network = network
        self._known: dict[str, tuple[tuple[int, int], Route]] = {}
        self._decks = Decks()

    def notice(self, name: str) -> Notice | None:
        return self._route(name).notice

    def choose(self, name: str) -> str:
        return self._decks.choose(name, self._route(name))

    def other(self, name: str, than: str) -> str | None:
        return other(self._route(name), than)

    @contextmanager
    def request(self, deployment_id: str, path: str) -> Iterator[tuple[httpx.AsyncClient, Timing]]:
        timing = _Told(deployment_id, path)
        try:
            yield self._network.client(deployment_id), timing
        finally:
            timing.tell()

    def _route(self, name: str) -> Route:
        path = self._folder / f"{Path(name).name}{SUFFIX}"
        known = self._known.get(name)
        try:
            found = path.stat()
            stamp = (found.st_ino, found.st_ctime_ns)
            if known is not None and known[0] == stamp:
                return known[1]
            route = read(path.read_text())
        except (OSError, ValueError, VendorError):
            return known[1] if known else Route.model_construct(name=name)
        self._known[name] = (stamp, route)
        self._decks.forget(name)
        return route


class Direct:
    """Each deployment's own URL, straight to it: neither announced nor counted."""

    def __init__(self, network: "Network") -> None:
        self._network = network

    def notice(self, _: str) -> Notice | None:
        return None

    def choose(self, deployment_id: str) -> str:
        """Raises NotFound for what is no deployment's id, such as another host's name."""
        if not _DEPLOYMENT.fullmatch(deployment_id):
            raise NotFound(f"There is no deployment {deployment_id[:100]!r}.")
        return deployment_id

    def other(self, _: str, than: str) -> str | None:
        return None

    @contextmanager
    def request(self, deployment_id: str, path: str) -> Iterator[tuple[httpx.AsyncClient, Timing]]:
        yield self._network.client(deployment_id), Timing()


class Network:
    """Connections to deployments: a new one for each request, for an idle one may lead to a process that just ended."""

    def __init__(self, address: Address) -> None:
        self._address = address
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(limits=limits)

    def client(self, deployment_id: str) -> httpx.AsyncClient:
        """Whatever the URL, it asks this deployment. Nothing of it is to be closed but what it answered."""
        return httpx.AsyncClient(transport=_To(self._transport, *self._address(deployment_id)), trust_env=False)

    async def close(self) -> None:
        await self._transport.aclose()


class _To(httpx.AsyncBaseTransport):
    def __init__(self, transport: httpx.AsyncHTTPTransport, host: str, port: int) -> None:
        self._transport = transport
        self._host = host
        self._port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host=self._host, port=self._port)
        return await self._transport.handle_async_request(request)


def application(folder: Path, *, address: Address = by_name) -> Starlette:
    """`address` says where a deployment listens."""
    network = Network(address)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await network.close()

    routes = [
        HttpRoute(f"/{gateway.prefix}/{{key}}{rest}", gateway, methods=METHODS)
        for gateway in (Gateway("i", Files(folder, network)), Gateway("d", Direct(network)))
        for rest in ("", "/{path:path}")
    ]
    return Starlette(lifespan=lifespan, routes=[*routes, HttpRoute("/health", _healthy)])


async def _healthy(_: Request) -> Response:
    return Response()


class _Told(Timing):
    """Says on standard output how the request went, in the end."""

    def __init__(self, deployment_id: str, path: str) -> None:
        super().__init__()
        self._deployment_id = deployment_id
        self._path = path

    def tell(self) -> None:
        line = {
            "deployment": self._deployment_id,
            "ts": round(time.time(), 3),
            "path": self._path[:1000],
            "ms": self.milliseconds,
            "failed": self.failed,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
