"""The desired state on disk: what must run, and where the stable URLs point.

One folder a deployment: `spec.json`, `environment.json` (mode 0600: it holds secrets), `source/`, `venv/`, `logs/`.
`spec.json` is written last and atomically: a folder without it is an installation that never finished.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from adapters.workloads.routes import Route
from domain.ids import DeploymentId
from domain.vendors import DeploymentSpec

_ENVIRONMENT = TypeAdapter(dict[str, str])
# An id alone is a route with nothing more to it. All were written so once, and those still are.
_ROUTES = TypeAdapter(dict[str, DeploymentId | Route])


class DeploymentFolder:
    """One deployment's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = path / "source"
        self.venv = path / "venv"
        self.logs = path / "logs"
        self._spec = path / "spec.json"
        self._environment = path / "environment.json"

    def spec(self) -> DeploymentSpec | None:
        """What is to run; None if no installation was finished."""
        return DeploymentSpec.model_validate_json(self._spec.read_bytes()) if self._spec.exists() else None

    def environment(self) -> dict[str, str]:
        return _ENVIRONMENT.validate_json(self._environment.read_bytes())

    def save(self, spec: DeploymentSpec, environment: Mapping[str, str]) -> None:
        write_atomically(self._environment, _ENVIRONMENT.dump_json(dict(environment)))
        write_atomically(self._spec, spec.model_dump_json().encode())

    def clear(self) -> None:
        """Remove everything but the logs; the spec first, so that a crash in between leaves nothing to start."""
        self._spec.unlink(missing_ok=True)
        for entry in sorted(self.path.iterdir()) if self.path.is_dir() else []:
            if entry == self.logs:
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()


class Store:
    """The runner's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sockets = folder / "sockets"
        self._deployments = folder / "deployments"
        self._routes = folder / "routes.json"
        self._deployments.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)

    def deployment(self, deployment_id: str) -> DeploymentFolder:
        return DeploymentFolder(self._deployments / deployment_id)

    def clear(self, deployment_id: str) -> None:
        """Remove all of a deployment but its logs; nothing there is fine."""
        self.deployment(deployment_id).clear()
        (self.sockets / deployment_id).unlink(missing_ok=True)

    def deployment_ids(self) -> list[str]:
        """Every deployment of which there is a folder, if only with logs."""
        return sorted(path.name for path in self._deployments.iterdir() if path.is_dir())

    def routes(self) -> dict[str, Route]:
        found = _ROUTES.validate_json(self._routes.read_bytes()) if self._routes.exists() else {}
        return {name: Route(live=route) if isinstance(route, str) else route for name, route in found.items()}

    def save_routes(self, routes: Mapping[str, Route]) -> None:
        written = {name: to.live if to.live and to == Route(live=to.live) else to for name, to in routes.items()}
        write_atomically(self._routes, _ROUTES.dump_json(written, indent=1, exclude_defaults=True))


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file's content, readable by its owner alone; after a crash it is either the old or the new one."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
