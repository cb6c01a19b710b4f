"""A deployment's objects, as plain data that depends on nothing but what is given.

Wheels are installed by an init container, by hash, from the bundle's own lock; then one container serves. Both run
under the Pod Security Standard `restricted`, with a root file system that cannot be written.
"""

import base64
from collections.abc import Mapping
from typing import Any

from adapters.kubernetes_target import names
from adapters.kubernetes_target.settings import KubernetesSettings
from adapters.workloads import Environment
from domain.bundle import LOCK, Bundle
from domain.errors import InvalidInput
from domain.vendors import DeploymentSpec

Object = dict[str, Any]

PORT = 8080
SERVICE_PORT = 80
MAX_SOURCE_BYTES = 1_000_000
"""Files and lock; a ConfigMap holds 1 MiB (Kubernetes: "ConfigMaps", motivation)."""
USER = 65532
DRAIN_SECONDS = 25
SPREAD_SECONDS = 5
"""How long a pod goes on answering after its end is asked for, while proxies hear of it."""
STARTUP_SECONDS = 120
_SOURCE, _BUNDLE, _PACKAGES, _TMP = "/app", "/bundle", "/packages", "/tmp"  # noqa: S108 - a volume of its own
_INSTALL = [
    *("uv", "pip", "sync", "--system", "--require-hashes", "--only-binary", ":all:", "--no-cache", "--no-config"),
    *("--target", _PACKAGES, f"{_BUNDLE}/{LOCK}"),
]


def configuration(spec: DeploymentSpec, environment: Environment) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": names.metadata(spec, names.of(spec.id)),
        "data": dict(environment.configuration),
    }


def secret(spec: DeploymentSpec, environment: Environment) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": names.metadata(spec, names.of(spec.id)),
        "type": "Opaque",
        "data": {name: base64.b64encode(value.encode()).decode() for name, value in environment.secrets.items()},
    }


def source(spec: DeploymentSpec, bundle: Bundle) -> Object:
    """The files, under keys that a ConfigMap may have; `deployment` mounts them by their paths.

    Raises InvalidInput if they are larger than `MAX_SOURCE_BYTES`.
    """
    try:
        data = {LOCK: bundle.lock.decode(), **{_key(index): text for index, (_, text) in enumerate(_files(bundle))}}
    except UnicodeDecodeError as error:
        raise InvalidInput("The bundle's lock is not UTF-8 text.", field="bundle") from error
    size = sum(len(text.encode()) for text in data.values())
    if size > MAX_SOURCE_BYTES:
        raise InvalidInput(
            f"Its files and lock are {size} bytes; a deployment on Kubernetes may have {MAX_SOURCE_BYTES}.",
            field="bundle",
        )
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": names.metadata(spec, names.source_of(spec.id)),
        "data": data,
    }


def service(spec: DeploymentSpec) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": names.metadata(spec, names.of(spec.id)),
        "spec": {
            "selector": {names.DEPLOYMENT: spec.id},
            "ports": [{"name": "http", "port": SERVICE_PORT, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def deployment(
    spec: DeploymentSpec, bundle: Bundle, settings: KubernetesSettings, *, versions: Mapping[str, str]
) -> Object:
    """`versions` are the resource versions of what the pods read: they are started anew when that changes."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": names.metadata(spec, names.of(spec.id), {names.VERSION: spec.version}),
        "spec": {
            "replicas": settings.replicas,
            "revisionHistoryLimit": 0,
            "progressDeadlineSeconds": settings.rollout_timeout,
            "selector": {"matchLabels": {names.DEPLOYMENT: spec.id}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {
                    "labels": names.labels(spec),
                    "annotations": {f"ccb/{kind}": version for kind, version in sorted(versions.items())},
                },
                "spec": _pod(spec, bundle, settings),
            },
        },
    }


def _pod(spec: DeploymentSpec, bundle: Bundle, settings: KubernetesSettings) -> Object:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": SPREAD_SECONDS + DRAIN_SECONDS + 5,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [
            _container(
                "install",
                _INSTALL,
                settings,
                mounts=[_mount("bundle", _BUNDLE), _mount("packages", _PACKAGES, writable=True)],
            )
        ],
        "containers": [
            _container(
                "integration",
                _serving(spec),
                settings,
                mounts=[_mount("source", _SOURCE), _mount("packages", _PACKAGES)],
            )
            | _served(spec)
        ],
        "volumes": [
            {"name": "source", "configMap": {"name": names.source_of(spec.id), "items": _items(bundle)}},
            {
                "name": "bundle",
                "configMap": {"name": names.source_of(spec.id), "items": [{"key": LOCK, "path": LOCK}]},
            },
            {"name": "packages", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
        ],
    }


def _container(name: str, command: list[str], settings: KubernetesSettings, *, mounts: list[Object]) -> Object:
    limits = {"cpu": settings.cpu, "memory": settings.memory}
    return {
        "name": name,
        "image": settings.image,
        "command": command,
        "env": [{"name": key, "value": value} for key, value in _SURROUNDINGS.items()],
        "resources": {"requests": {"cpu": "50m", "memory": settings.memory}, "limits": limits},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [*mounts, _mount("tmp", _TMP, writable=True)],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


_SURROUNDINGS = {
    "HOME": _TMP,
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": _PACKAGES,
    "PYTHONUNBUFFERED": "1",
}


def _serving(spec: DeploymentSpec) -> list[str]:
    return [
        *("python", "-m", "uvicorn", spec.entrypoint, "--app-dir", _SOURCE),
        *("--host", "0.0.0.0", "--port", str(PORT)),  # noqa: S104 - inside the pod
        *("--no-access-log", "--no-server-header", "--no-proxy-headers", "--ws", "none"),
        *("--timeout-graceful-shutdown", str(DRAIN_SECONDS)),
    ]


def _served(spec: DeploymentSpec) -> Object:
    asked = {"httpGet": {"path": spec.health_endpoint, "port": "http"}}
    return {
        "envFrom": [
            {"configMapRef": {"name": names.of(spec.id)}},
            {"secretRef": {"name": names.of(spec.id)}},
        ],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "lifecycle": {"preStop": {"sleep": {"seconds": SPREAD_SECONDS}}},
        "startupProbe": asked | {"periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": STARTUP_SECONDS},
        "readinessProbe": asked | {"periodSeconds": 2, "timeoutSeconds": 5, "failureThreshold": 3},
        "livenessProbe": asked | {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }


def _files(bundle: Bundle) -> list[tuple[str, str]]:
    return sorted(bundle.files.items())


def _key(index: int) -> str:
    return f"file-{index:04}"


def _items(bundle: Bundle) -> list[Object]:
    return [{"key": _key(index), "path": path} for index, (path, _) in enumerate(_files(bundle))]


def _mount(volume: str, path: str, *, writable: bool = False) -> Object:
    return {"name": volume, "mountPath": path, "readOnly": not writable}
