"""A stand-in for Docker's API (docs.docker.com/reference/api/engine), as far as docker-py asks for it.

Nothing runs: containers come up, end and crash by their age. Below `/front` stable URLs can be asked, as the container
that bears the label `ccb.front` would answer them: by the files of its volume.

Below `/_sim/docker/`: `POST behave` has a version's containers misbehave, `POST say` writes a line to a log, `GET
objects` lists containers and volumes, `POST reset` forgets all.
"""

import base64
import json
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from simulators.docker.front import Front
from simulators.docker.host import Host, Object, Refused

CONTROL = "/_sim/docker"
_STREAMS = {"stdout": 1, "stderr": 2}

Endpoint = Callable[[Request], Awaitable[Response]]


class Server:
    def __init__(self, state_dir: Path) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self.host = Host(state_dir / "docker.json")

    async def ping(self, _: Request) -> Response:
        return PlainTextResponse("OK", headers={"Api-Version": "1.47"})

    async def version(self, _: Request) -> Response:
        return JSONResponse({"Version": "27.3.1", "ApiVersion": "1.47", "MinAPIVersion": "1.24", "Os": "linux"})

    async def create(self, request: Request) -> Response:
        found = self.host.create(request.query_params["name"], await request.json())
        return JSONResponse({"Id": found["id"], "Warnings": []}, 201)

    async def inspect(self, request: Request) -> Response:
        return JSONResponse(self.host.shown(self.host.container(request.path_params["name"])))

    async def select(self, request: Request) -> Response:
        wanted = json.loads(request.query_params.get("filters", "{}")).get("label", [])
        rows = []
        for name in list(self.host.containers):
            found = self.host.container(name)
            labels = found["config"].get("Labels", {})
            shown = request.query_params.get("all") in {"1", "true"} or found["status"] == "running"
            if shown and all(_bears(labels, term) for term in wanted):
                rows.append({"Id": found["id"], "Names": [f"/{name}"], "Labels": labels, "State": found["status"]})
        return JSONResponse(rows)

    async def start(self, request: Request) -> Response:
        return Response(status_code=204 if self.host.start(request.path_params["name"]) else 304)

    async def stop(self, request: Request) -> Response:
        return Response(status_code=204 if self.host.stop(request.path_params["name"]) else 304)

    async def restart(self, request: Request) -> Response:
        self.host.stop(request.path_params["name"])
        self.host.start(request.path_params["name"])
        return Response(status_code=204)

    async def remove(self, request: Request) -> Response:
        self.host.remove(request.path_params["name"], force=request.query_params.get("force") in {"1", "true", "True"})
        return Response(status_code=204)

    async def logs(self, request: Request) -> Response:
        found, query = self.host.container(request.path_params["name"]), request.query_params
        since = float(query.get("since", "0"))
        streams = {stream for stream in _STREAMS if query.get(stream) in {"1", "true"}}
        lines = [line for line in found["log"] if line[0] in streams and line[2] >= since]
        tail = query.get("tail", "all")
        lines = lines if tail == "all" else lines[-int(tail) :] if int(tail) else []
        return Response(
            b"".join(_frame(*line) for line in lines), media_type="application/vnd.docker.multiplexed-stream"
        )

    async def put_archive(self, request: Request) -> Response:
        found = self.host.container(request.path_params["name"])
        self.host.put(found, request.query_params["path"], await request.body())
        return Response(status_code=200)

    async def get_archive(self, request: Request) -> Response:
        path = request.query_params["path"]
        data = self.host.get(self.host.container(request.path_params["name"]), path)
        stat = base64.b64encode(json.dumps({"name": path.rpartition("/")[2], "size": len(data), "mode": 420}).encode())
        return Response(data, media_type="application/x-tar", headers={"X-Docker-Container-Path-Stat": stat.decode()})

    async def create_volume(self, request: Request) -> Response:
        asked = await request.json()
        made = {"Name": asked["Name"], "Driver": "local", "Labels": asked.get("Labels") or {}, "files": {}}
        return JSONResponse(_volume(self.host.volumes.setdefault(asked["Name"], made)), 201)

    async def inspect_volume(self, request: Request) -> Response:
        return JSONResponse(_volume(self._volume(request)))

    async def remove_volume(self, request: Request) -> Response:
        name = self._volume(request)["Name"]
        for found in self.host.containers.values():
            if any(mount["Source"] == name for mount in found["config"]["HostConfig"].get("Mounts", [])):
                raise Refused(409, f"remove {name}: volume is in use - [{found['id']}]")
        del self.host.volumes[name]
        return Response(status_code=204)

    async def networks(self, request: Request) -> Response:
        wanted = json.loads(request.query_params.get("filters", "{}")).get("name", [])
        found = [one for name, one in self.host.networks.items() if not wanted or any(term in name for term in wanted)]
        return JSONResponse(found)

    async def create_network(self, request: Request) -> Response:
        asked = await request.json()
        if asked["Name"] in self.host.networks:
            raise Refused(409, f"network with name {asked['Name']} already exists")
        made = {"Name": asked["Name"], "Id": asked["Name"], "Labels": asked.get("Labels") or {}}
        self.host.networks[asked["Name"]] = made
        return JSONResponse({"Id": made["Id"], "Warning": ""}, 201)

    async def behave(self, request: Request) -> Response:
        asked = await request.json()
        self.host.behaviours[asked["version"]] = asked["kind"]
        return JSONResponse({})

    async def say(self, request: Request) -> Response:
        asked = await request.json()
        if asked["deployment"] in self.host.containers:
            self.host.write(self.host.containers[asked["deployment"]], "stdout", asked["text"])
        return JSONResponse({})

    async def objects(self, _: Request) -> Response:
        containers = [
            self.host.shown(found) | {"name": name, "front": "ccb.front" in found["config"].get("Labels", {})}
            for name, found in self.host.containers.items()
        ]
        volumes = [
            {"name": name, "front": "ccb.front" in found["Labels"], "files": found["files"]}
            for name, found in self.host.volumes.items()
        ]
        return JSONResponse({"objects": [*containers, *volumes]})

    async def reset(self, _: Request) -> Response:
        self.host.clear()
        return JSONResponse({})

    def _volume(self, request: Request) -> Object:
        name = request.path_params["name"]
        if name not in self.host.volumes:
            raise Refused(404, f"get {name}: no such volume")
        return self.host.volumes[name]

    def saving(self, endpoint: Endpoint) -> Endpoint:
        async def saved(request: Request) -> Response:
            answer = await endpoint(request)
            if request.method != "GET":
                self.host.save()
            return answer

        return saved


def create_app(state_dir: Path, config: Mapping[str, Any]) -> Starlette:
    server = Server(state_dir)
    asked: list[tuple[str, str, Endpoint]] = [
        ("GET", "/_ping", server.ping),
        ("GET", "/version", server.version),
        ("POST", "/containers/create", server.create),
        ("GET", "/containers/json", server.select),
        ("GET", "/containers/{name}/json", server.inspect),
        ("POST", "/containers/{name}/start", server.start),
        ("POST", "/containers/{name}/stop", server.stop),
        ("POST", "/containers/{name}/restart", server.restart),
        ("DELETE", "/containers/{name}", server.remove),
        ("GET", "/containers/{name}/logs", server.logs),
        ("PUT", "/containers/{name}/archive", server.put_archive),
        ("GET", "/containers/{name}/archive", server.get_archive),
        ("POST", "/volumes/create", server.create_volume),
        ("GET", "/volumes/{name}", server.inspect_volume),
        ("DELETE", "/volumes/{name}", server.remove_volume),
        ("GET", "/networks", server.networks),
        ("POST", "/networks/create", server.create_network),
    ]
    routes: list[BaseRoute] = [
        Route(prefix + path, server.saving(endpoint), methods=[method])
        for method, path, endpoint in asked
        for prefix in ("", "/v{api}")
    ]
    return Starlette(
        routes=[
            *routes,
            Route("/front/{prefix}/{key}/{rest:path}", Front(server.host).answer, methods=["GET", "POST"]),
            Route(f"{CONTROL}/behave", server.behave, methods=["POST"]),
            Route(f"{CONTROL}/say", server.say, methods=["POST"]),
            Route(f"{CONTROL}/objects", server.objects),
            Route(f"{CONTROL}/reset", server.reset, methods=["POST"]),
        ],
        exception_handlers={Refused: _refuse},
    )


async def _refuse(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return JSONResponse({"message": error.message}, error.status)


def _bears(labels: Mapping[str, str], term: str) -> bool:
    key, equals, value = term.partition("=")
    return key in labels and (not equals or labels[key] == value)


def _frame(stream: str, at: str, _: float, text: str) -> bytes:
    """One frame of a multiplexed stream (Docker's API, "Attach to a container")."""
    data = f"{at} {text}\n".encode()
    return struct.pack(">BxxxL", _STREAMS[stream], len(data)) + data


def _volume(found: Object) -> Object:
    return {key: value for key, value in found.items() if key != "files"} | {"CreatedAt": time.strftime("%FT%TZ")}
