"""A deployment's containers, as Docker's API takes them: one that installs, then one that serves."""

import hashlib
from typing import Any

from adapters.docker_target.settings import DockerSettings
from adapters.workloads import Environment
from domain.bundle import LOCK, Bundle
from domain.vendors import DeploymentSpec

Object = dict[str, Any]

DEPLOYMENT = "ccb.deployment"
NAME = "ccb.name"
VERSION = "ccb.version"
HEALTH = "ccb.health"
SECRETS = "ccb.secrets"
"""The names of those variables whose values are."""
SPEC = "ccb.spec"
PORT = 8080
USER = 65532
PROCESSES = 64
STARTUP_SECONDS = 120
_SECOND = 1_000_000_000
_FOLDER = "/ccb"
_SOURCE, _PACKAGES = f"{_FOLDER}/app", f"{_FOLDER}/packages"
_DRAIN_SECONDS = 25


def volume(deployment_id: str) -> str:
    """Holds its files and what is installed."""
    return f"{deployment_id}-files"


def installer(deployment_id: str) -> str:
    return f"{deployment_id}-install"


def labels(spec: DeploymentSpec) -> dict[str, str]:
    digest = hashlib.sha256(spec.model_dump_json().encode()).hexdigest()
    return {
        DEPLOYMENT: spec.id,
        NAME: spec.name,
        VERSION: spec.version,
        HEALTH: spec.health_endpoint,
        SECRETS: ",".join(secret.name for secret in spec.secrets),
        SPEC: digest,
    }


def files(bundle: Bundle) -> dict[str, str]:
    """What is put into the volume, by path."""
    return {LOCK: bundle.lock.decode(errors="replace"), **{f"app/{path}": text for path, text in bundle.files.items()}}


FOLDERS = {"app": 0, "packages": USER}
"""Files are root's, so that what runs cannot change them; packages are installed by the user that runs."""


def installing(spec: DeploymentSpec, settings: DockerSettings) -> Object:
    """Installs the lock's wheels by hash. It knows no secret and runs nothing of the integration's."""
    command = [
        *("uv", "pip", "sync", "--system", "--require-hashes", "--only-binary", ":all:", "--no-cache", "--no-config"),
        *("--target", _PACKAGES, f"{_FOLDER}/{LOCK}"),
    ]
    return _container(spec, settings, command, {}, writable=True)


def serving(spec: DeploymentSpec, settings: DockerSettings, environment: Environment) -> Object:
    command = [
        *("python", "-m", "uvicorn", spec.entrypoint, "--app-dir", _SOURCE),
        *("--host", "0.0.0.0", "--port", str(PORT)),  # noqa: S104 - inside the container
        *("--no-access-log", "--no-server-header", "--no-proxy-headers", "--ws", "none"),
        *("--timeout-graceful-shutdown", str(_DRAIN_SECONDS)),
    ]
    variables = {**environment.configuration, **environment.secrets}
    found = _container(spec, settings, command, variables, writable=False)
    asked = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{PORT}{spec.health_endpoint}', timeout=5)"
    found["Healthcheck"] = {
        "Test": ["CMD", "python", "-c", asked],
        "Interval": 5 * _SECOND,
        "Timeout": 6 * _SECOND,
        "Retries": 3,
        "StartPeriod": STARTUP_SECONDS * _SECOND,
        "StartInterval": _SECOND,
    }
    found["HostConfig"]["RestartPolicy"] = {"Name": "on-failure", "MaximumRetryCount": 10}
    return found


def _container(
    spec: DeploymentSpec, settings: DockerSettings, command: list[str], variables: dict[str, str], *, writable: bool
) -> Object:
    surroundings = {
        "HOME": "/tmp",  # noqa: S108 - a file system of its own
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": _PACKAGES,
        "PYTHONUNBUFFERED": "1",
    }
    return {
        "Image": settings.image,
        "Entrypoint": [],
        "Cmd": command,
        "Env": sorted(f"{name}={value}" for name, value in (variables | surroundings).items()),
        "Labels": labels(spec),
        "User": f"{USER}:{USER}",
        "WorkingDir": "/tmp",  # noqa: S108
        "HostConfig": {
            "Mounts": [
                {"Type": "volume", "Source": volume(spec.id), "Target": _FOLDER, "ReadOnly": not writable},
            ],
            "NetworkMode": settings.network,
            "ReadonlyRootfs": True,
            "Tmpfs": {"/tmp": f"rw,nosuid,nodev,mode=1777,size={512 if writable else 64}m"},  # noqa: S108
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "Init": True,
            "Memory": settings.memory << 20,
            "MemorySwap": settings.memory << 20,
            "NanoCpus": int(settings.cpu * _SECOND),
            "PidsLimit": PROCESSES,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "4m", "max-file": "3"}},
        },
    }
