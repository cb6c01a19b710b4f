"""The front: one container through which all stable URLs go. Synchronous.

It runs `adapters.docker_target.gate`, from an image of this product. Each stable URL is a file in its volume; a change
is the file written, which holds from the next request on. Nothing is restarted.
"""

from collections.abc import Callable
from typing import Any

from adapters.docker_target import routes
from adapters.docker_target.containers import PORT, USER
from adapters.docker_target.engine import Engine, tar
from adapters.docker_target.routes import SUFFIX, Route
from adapters.docker_target.settings import DockerSettings
from domain.errors import VendorError

FRONT = "ccb.front"
FOLDER = "/routes"

Object = dict[str, Any]


class Front:
    """The stable URLs of one Docker host."""

    def __init__(self, engine: Engine, settings: DockerSettings) -> None:
        self._engine = engine
        self._settings = settings
        self.name = f"{settings.network}-front"

    def ensure(self) -> None:
        """Have it run."""
        found = self._engine.inspect(self.name)
        if found is not None and found.state.status == "running":
            return
        if found is None:
            self._engine.ensure_network(self._settings.network, {FRONT: "network"})
            self._engine.ensure_volume(self.name, {FRONT: "volume"})
            self._engine.create(self.name, _container(self.name, self._settings))
        self._engine.start(self.name)

    def routes(self) -> list[Route]:
        found = self._engine.read(self.name, FOLDER)
        return [routes.read(text) for name, text in sorted(found.items()) if name.endswith(SUFFIX)]

    def route(self, name: str) -> Route:
        """Where it points; nowhere if nobody ever said."""
        found = self._engine.read(self.name, f"{FOLDER}/{name}{SUFFIX}")
        return routes.read(next(iter(found.values()))) if found else Route(name=name)

    def leading_to(self, deployment_id: str) -> str | None:
        """The name of the stable URL that points at it."""
        return next((route.name for route in self.routes() if route.live == deployment_id), None)

    def change(self, name: str, to: Callable[[Route], Route]) -> None:
        """Change what the route says, and read it back."""
        before = self.route(name)
        wanted = to(before)
        if before == wanted == Route(name=name):
            return
        self.ensure()
        if before == wanted:
            return
        self._engine.put(self.name, FOLDER, tar({f"{name}{SUFFIX}": wanted.model_dump_json()}))
        if self.route(name) != wanted:
            raise VendorError(f"The route of {name} is not what it was set to.", vendor="docker")

    def forget(self, deployment_id: str) -> None:
        """It is about to be stopped: nothing points there any more."""
        for route in self.routes():
            if deployment_id in {route.live, route.candidate}:
                self.change(route.name, lambda found: found.without(deployment_id))

    def log(self, *, since: float) -> list[str]:
        """Of each request since that time, in seconds since the epoch, one line of JSON."""
        return [text for stream, _, text in self._engine.logs(self.name, since=since) if stream == "stdout"]


def _container(name: str, settings: DockerSettings) -> Object:
    return {
        "Image": settings.front_image,
        "Entrypoint": [],
        "Cmd": ["python", "-m", "workers.front", "--folder", FOLDER, "--port", str(PORT)],
        "User": f"{USER}:{USER}",
        "Labels": {FRONT: "container"},
        "ExposedPorts": {f"{PORT}/tcp": {}},
        "HostConfig": {
            # Not read-only, or Docker would refuse our files too; they are root's, which the front is not.
            "Mounts": [{"Type": "volume", "Source": name, "Target": FOLDER}],
            "PortBindings": {f"{PORT}/tcp": [{"HostIp": settings.front_address, "HostPort": str(settings.front_port)}]},
            "NetworkMode": settings.network,
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "RestartPolicy": {"Name": "unless-stopped"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "50m", "max-file": "3"}},
        },
    }
