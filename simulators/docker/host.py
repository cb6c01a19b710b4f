"""A Docker host: containers, volumes, networks, in a file. Nothing runs: what containers do is made up by their age."""

import io
import json
import secrets
import tarfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Object = dict[str, Any]

STEP_SECONDS = 0.05
"""How long what ends by itself runs, and how long a health check takes to be good."""
CRASH_SECONDS = 0.06


class Refused(Exception):
    """An answer `{"message": …}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Host:
    """`behaviours` are by version, as the label `ccb.version` says it: `crash`, `install`, `image`, `unhealthy`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.containers: dict[str, Object] = {}
        self.volumes: dict[str, Object] = {}
        self.networks: dict[str, Object] = {}
        self.behaviours: dict[str, str] = {}
        if path.exists():
            kept = json.loads(path.read_text())
            self.containers, self.volumes, self.networks = kept["containers"], kept["volumes"], kept["networks"]

    def save(self) -> None:
        kept = {"containers": self.containers, "volumes": self.volumes, "networks": self.networks}
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(kept))
        fresh.replace(self._path)

    def clear(self) -> None:
        self.containers, self.volumes, self.networks, self.behaviours = {}, {}, {}, {}
        self.save()

    def container(self, name: str) -> Object:
        """By name or id, as it is now."""
        for known, found in self.containers.items():
            if name in {known, found["id"]}:
                self._advance(found)
                return found
        raise Refused(404, f"No such container: {name}")

    def create(self, name: str, config: Object) -> Object:
        labels = config.get("Labels") or {}
        if self.behaviours.get(labels.get("ccb.version", "")) == "image":
            raise Refused(404, f"No such image: {config['Image']}")
        if name in self.containers:
            raise Refused(409, f'Conflict. The container name "/{name}" is already in use')
        for mount in config["HostConfig"].get("Mounts", []):
            if mount["Source"] not in self.volumes:
                raise Refused(400, f"there is no volume {mount['Source']}")
        network = config["HostConfig"].get("NetworkMode", "default")
        if network not in {"default", "bridge", "none", *self.networks}:
            raise Refused(404, f"network {network} not found")
        self.containers[name] = {
            "id": secrets.token_hex(32),
            "name": name,
            "config": config,
            "status": "created",
            "since": 0.0,
            "started": "0001-01-01T00:00:00Z",
            "restarts": 0,
            "exit": 0,
            "log": [],
        }
        return self.containers[name]

    def start(self, name: str) -> bool:
        """False if it runs already."""
        found = self.container(name)
        if found["status"] in {"running", "restarting"}:
            return False
        found |= {"status": "running", "since": time.time(), "started": stamp(), "exit": 0}
        if "Healthcheck" in found["config"]:
            self.write(found, "stderr", "INFO:     Uvicorn running on http://0.0.0.0:8080")
        return True

    def stop(self, name: str) -> bool:
        """False if it runs no more."""
        found = self.container(name)
        if found["status"] not in {"running", "restarting"}:
            return False
        found |= {"status": "exited", "exit": 0}
        return True

    def remove(self, name: str, *, force: bool) -> None:
        found = self.container(name)
        if found["status"] in {"running", "restarting"} and not force:
            raise Refused(409, f"cannot remove container {name}: container is running: stop it first")
        del self.containers[found["name"]]

    def write(self, found: Object, stream: str, text: str) -> None:
        found["log"].append([stream, stamp(), time.time(), text])

    def files(self, found: Object, path: str) -> tuple[Object, str]:
        """The volume that is at a path of a container, with its mount, and the path in it."""
        for mount in found["config"]["HostConfig"].get("Mounts", []):
            if path == mount["Target"] or path.startswith(mount["Target"] + "/"):
                return mount, path.removeprefix(mount["Target"]).lstrip("/")
        raise Refused(404, f"Could not find the file {path} in container {found['name']}")

    def put(self, found: Object, path: str, archive: bytes) -> None:
        try:
            mount, inside = self.files(found, path)
        except Refused as error:
            raise Refused(403, "container rootfs is marked read-only") from error
        if mount.get("ReadOnly"):
            raise Refused(403, "mounted volume is marked read-only")
        held = self.volumes[mount["Source"]]["files"]
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None:
                    held["/".join(filter(None, (inside, member.name)))] = content.read().decode()

    def get(self, found: Object, path: str) -> bytes:
        mount, inside = self.files(found, path)
        held = self.volumes[mount["Source"]]["files"]
        below = {
            name: text for name, text in held.items() if not inside or name == inside or name.startswith(f"{inside}/")
        }
        if inside and not below:
            raise Refused(404, f"Could not find the file {path} in container {found['name']}")
        top = path.rstrip("/").rpartition("/")[2]
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, text in below.items():
                member = tarfile.TarInfo(top if name == inside else f"{top}/{name.removeprefix(inside).lstrip('/')}")
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
        return buffer.getvalue()

    def shown(self, found: Object) -> Object:
        """`GET /containers/{id}/json`."""
        config = found["config"]
        state: Object = {
            "Status": found["status"],
            "Running": found["status"] == "running",
            "ExitCode": found["exit"],
            "Error": "",
            "StartedAt": found["started"],
        }
        if "Healthcheck" in config and found["status"] == "running":
            state["Health"] = {"Status": self._health(found), "FailingStreak": 0, "Log": []}
        return {
            "Id": found["id"],
            "Name": f"/{found['name']}",
            "Created": found["started"],
            "RestartCount": found["restarts"],
            "State": state,
            "Config": {**config, "Tty": False, "Env": [*config.get("Env", []), "PATH=/usr/local/bin:/usr/bin:/bin"]},
            "HostConfig": config["HostConfig"],
        }

    def serves(self, name: str) -> bool:
        try:
            found = self.container(name)
        except Refused:
            return False
        return found["status"] == "running" and self._health(found) == "healthy"

    def _behaviour(self, found: Object) -> str:
        return self.behaviours.get(found["config"].get("Labels", {}).get("ccb.version", ""), "")

    def _health(self, found: Object) -> str:
        if self._behaviour(found) == "unhealthy":
            return "unhealthy"
        return "starting" if time.time() - found["since"] < STEP_SECONDS else "healthy"

    def _advance(self, found: Object) -> None:
        age, kind, config = time.time() - found["since"], self._behaviour(found), found["config"]
        if found["status"] not in {"running", "restarting"} or "ccb.front" in config.get("Labels", {}):
            return
        if "Healthcheck" not in config:
            if age >= STEP_SECONDS:
                failed = kind == "install"
                words = "error: no wheel has the hash that the lock demands" if failed else "Installed 12 packages"
                self.write(found, "stderr", words)
                found |= {"status": "exited", "exit": 1 if failed else 0}
            return
        crashes = int(age / CRASH_SECONDS) if kind == "crash" else 0
        if crashes > found["restarts"]:
            self.write(found, "stderr", "ModuleNotFoundError: No module named 'nowhere'")
            most = config["HostConfig"].get("RestartPolicy", {}).get("MaximumRetryCount", 0)
            found |= {"restarts": crashes, "exit": 1, "status": "exited" if crashes > most else "restarting"}


def stamp() -> str:
    return f"{datetime.now(UTC).strftime('%Y-%m-%dT%H:%M:%S.%f')}789Z"
