"""A stand-in for a Kubernetes API server: server-side apply, reads, watches, deletion, pod logs, of a few kinds.

Source: kubernetes.io/docs/reference/using-api/api-concepts and gateway-api.sigs.k8s.io. Deployments come up after a
moment, though nothing really runs; below `/gateway` the routes can be asked. `config` holds `token` and `namespaces`.

Below `/_sim/kubernetes/`: `POST behave` has a version's pods misbehave, `POST say` writes a line to a deployment's log,
`POST compact` forgets what watches could go on from, `GET objects` lists all, `POST reset` forgets all.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from simulators.kubernetes.answers import Refused, not_found
from simulators.kubernetes.controllers import Controllers
from simulators.kubernetes.gateway import Gateway
from simulators.kubernetes.kinds import KINDS, Kind
from simulators.kubernetes.pods import Behaviour
from simulators.kubernetes.store import Store

CONTROL = "/_sim/kubernetes"
_APPLY = "application/apply-patch+yaml"
_WATCH_SECONDS = 300
_CORE = "/api/v1/namespaces/{namespace}/{resource}"
_GROUPS = "/apis/{group}/{version}/namespaces/{namespace}/{resource}"

Object = dict[str, Any]


class Server:
    def __init__(self, state_dir: Path, config: Mapping[str, Any]) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self.store = Store(state_dir / "kubernetes.json")
        self.controllers = Controllers(self.store)
        self._token = config.get("token")
        self._namespaces = config.get("namespaces", ["ccb"])

    async def collection(self, request: Request) -> Response:
        kind, resource, namespace = self._asked(request)
        query = request.query_params
        if query.get("watch") in {"true", "1"}:
            return StreamingResponse(self._watch(request, kind, resource, namespace), media_type="application/json")
        items = [found for found in self.store.select(resource, namespace) if _selected(found, query)]
        return JSONResponse(
            {
                "kind": f"{kind.kind}List",
                "apiVersion": kind.api_version,
                "metadata": {"resourceVersion": str(self.store.version)},
                "items": items,
            }
        )

    async def one(self, request: Request) -> Response:
        kind, resource, namespace = self._asked(request)
        key = (resource, namespace, request.path_params["name"])
        if request.method == "GET":
            return JSONResponse(self.store.get(key))
        if request.method == "DELETE":
            options = json.loads(await request.body() or b"{}")
            return JSONResponse(self.store.delete(key, foreground=options.get("propagationPolicy") == "Foreground"))
        if request.headers.get("content-type", "").partition(";")[0] != _APPLY:
            raise Refused(415, "UnsupportedMediaType", f"only {_APPLY} is taken here")
        manager = request.query_params.get("fieldManager")
        if not manager:
            raise Refused(422, "Invalid", "PatchOptions is invalid: fieldManager: Required value")
        body = _manifest(await request.body(), kind, key)
        found, new = self.store.apply(key, body, manager=manager, force=request.query_params.get("force") == "true")
        return JSONResponse(found, 201 if new else 200)

    async def log(self, request: Request) -> Response:
        self._asked(request, resource="pods")
        name, query = request.path_params["name"], request.query_params
        pod = self.store.get(("pods", request.path_params["namespace"], name))
        container = query.get("container", pod["spec"]["containers"][0]["name"])
        statuses = [*pod["status"].get("initContainerStatuses", []), *pod["status"].get("containerStatuses", [])]
        state = next((one for one in statuses if one["name"] == container), None)
        if state is None or ("waiting" in state["state"] and not state["restartCount"]):
            raise Refused(400, "BadRequest", f'container "{container}" in pod "{name}" is waiting to start')
        since = query.get("sinceTime")
        text = self.controllers.logs.read(
            name,
            container,
            tail=int(query["tailLines"]) if "tailLines" in query else None,
            since=datetime.fromisoformat(since) if since else None,
        )
        return PlainTextResponse(text)

    async def behave(self, request: Request) -> Response:
        asked = await request.json()
        self.controllers.behaviours[asked["version"]] = Behaviour(asked["kind"], asked.get("deadline", 1.0))
        return JSONResponse({})

    async def say(self, request: Request) -> Response:
        asked = await request.json()
        for pod in self.store.select("pods"):
            if pod["metadata"]["labels"].get("ccb/deployment") == asked["deployment"]:
                container = pod["spec"]["containers"][0]["name"]
                self.controllers.logs.say(pod["metadata"]["name"], container, asked["text"])
        return JSONResponse({})

    async def compact(self, _: Request) -> Response:
        self.store.compact()
        return JSONResponse({})

    async def objects(self, _: Request) -> Response:
        return JSONResponse({"objects": [found for resource in KINDS for found in self.store.select(resource)]})

    async def reset(self, _: Request) -> Response:
        self.controllers.behaviours.clear()
        self.store.clear()
        return JSONResponse({})

    def _asked(self, request: Request, *, resource: str | None = None) -> tuple[Kind, str, str]:
        self.controllers.run()
        if self._token and request.headers.get("authorization") != f"Bearer {self._token}":
            raise Refused(401, "Unauthorized", "Unauthorized")
        asked = request.path_params
        resource = resource or asked["resource"]
        kind = KINDS.get(resource)
        if kind is None or (kind.group, kind.version) != (asked.get("group", ""), asked.get("version", "v1")):
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        if asked["namespace"] not in self._namespaces:
            raise not_found("namespaces", asked["namespace"])
        return kind, resource, asked["namespace"]

    async def _watch(self, request: Request, kind: Kind, resource: str, namespace: str) -> AsyncIterator[bytes]:
        query = request.query_params
        version = int(query.get("resourceVersion") or self.store.version)
        until = time.monotonic() + float(query.get("timeoutSeconds", _WATCH_SECONDS))
        if version < self.store.oldest:
            gone = Refused(410, "Expired", f"too old resource version: {version} ({self.store.oldest})")
            yield _line("ERROR", gone.body)
            return
        while (left := until - time.monotonic()) > 0:
            changed = self.store.changed
            for number, happened, found in self.store.since(version, resource, namespace):
                version = number
                if _selected(found, query):
                    yield _line(happened, found)
            try:
                async with asyncio.timeout(left):
                    await changed.wait()
            except TimeoutError:
                return


def create_app(state_dir: Path, config: Mapping[str, Any]) -> Starlette:
    server = Server(state_dir, config)
    groups = sorted({(kind.group, kind.version) for kind in KINDS.values() if kind.group})

    async def version(_: Request) -> Response:
        return JSONResponse({"major": "1", "minor": "37", "gitVersion": "v1.37.0", "platform": "linux/amd64"})

    async def api(_: Request) -> Response:
        return JSONResponse({"kind": "APIVersions", "versions": ["v1"]})

    async def apis(_: Request) -> Response:
        listed = [
            {
                "name": group,
                "versions": [{"groupVersion": f"{group}/{one}", "version": one}],
                "preferredVersion": {"groupVersion": f"{group}/{one}", "version": one},
            }
            for group, one in groups
        ]
        return JSONResponse({"kind": "APIGroupList", "apiVersion": "v1", "groups": listed})

    return Starlette(
        routes=[
            Route("/version", version),
            Route("/api", api),
            Route("/apis", apis),
            *(Route(path, server.collection, methods=["GET"]) for path in (_CORE, _GROUPS)),
            *(Route(f"{path}/{{name}}", server.one, methods=["GET", "PATCH", "DELETE"]) for path in (_CORE, _GROUPS)),
            Route("/api/v1/namespaces/{namespace}/pods/{name}/log", server.log),
            Route("/gateway/{rest:path}", Gateway(server.store).answer, methods=["GET", "POST"]),
            Route(f"{CONTROL}/behave", server.behave, methods=["POST"]),
            Route(f"{CONTROL}/say", server.say, methods=["POST"]),
            Route(f"{CONTROL}/compact", server.compact, methods=["POST"]),
            Route(f"{CONTROL}/reset", server.reset, methods=["POST"]),
            Route(f"{CONTROL}/objects", server.objects),
        ],
        exception_handlers={Refused: _refuse},
    )


async def _refuse(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return JSONResponse(error.body, error.status)


def _manifest(body: bytes, kind: Kind, key: tuple[str, str, str]) -> Object:
    try:
        found = yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise Refused(400, "BadRequest", f"error decoding YAML: {error}") from error
    if not isinstance(found, dict) or (found.get("apiVersion"), found.get("kind")) != (kind.api_version, kind.kind):
        raise Refused(400, "BadRequest", f"the object is no {kind.api_version} {kind.kind}")
    metadata = found.get("metadata") or {}
    if metadata.get("name") != key[2] or metadata.get("namespace", key[1]) != key[1]:
        raise Refused(400, "BadRequest", "the name of the object does not match the name on the URL")
    return found


def _selected(found: Object, query: Mapping[str, str]) -> bool:
    labels = found["metadata"].get("labels") or {}
    for term in filter(None, query.get("labelSelector", "").split(",")):
        key, equals, value = term.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    field = query.get("fieldSelector", "")
    return not field or field == f"metadata.name={found['metadata']['name']}"


def _line(kind: str, found: Object) -> bytes:
    return json.dumps({"type": kind, "object": found}).encode() + b"\n"
