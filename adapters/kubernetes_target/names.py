"""What objects are called, and the labels they are found by."""

from collections.abc import Mapping

from domain.vendors import DeploymentSpec

MANAGER = "ccb"
DEPLOYMENT = "ccb/deployment"
ROUTE = "ccb/route"
NOTICE = "ccb/notice"
VERSION = "app.kubernetes.io/version"
NAME = "app.kubernetes.io/name"
MANAGED_BY = "app.kubernetes.io/managed-by"
OURS = f"{MANAGED_BY}={MANAGER}"

WORKLOAD = ("HTTPRoute", "Service", "NetworkPolicy", "ConfigMap", "Secret")
"""The kinds that a deployment has one of, beside its Deployment; all bear its name."""


def of(deployment_id: str) -> str:
    """A deployment's objects: ids have an underscore, which no object's name may have."""
    return deployment_id.replace("_", "-")


def deployment_id(name: str) -> str:
    """Whose objects they are."""
    return name.replace("-", "_", 1)


def source_of(deployment_id: str) -> str:
    """The version's files, a second ConfigMap."""
    return f"{of(deployment_id)}-source"


def stable(route: str) -> str:
    """The HTTPRoute of a stable URL."""
    return f"stable-{route}"


def labels(spec: DeploymentSpec) -> dict[str, str]:
    """A label holds no `+`, which a version may; the version itself is an annotation too."""
    return {
        NAME: spec.name,
        VERSION: spec.version.replace("+", "_")[:63],
        MANAGED_BY: MANAGER,
        DEPLOYMENT: spec.id,
    }


def selector(deployment_id: str) -> str:
    return f"{DEPLOYMENT}={deployment_id}"


def metadata(spec: DeploymentSpec, name: str, annotations: Mapping[str, str] | None = None) -> dict[str, object]:
    found: dict[str, object] = {"name": name, "labels": labels(spec)}
    return found | ({"annotations": dict(annotations)} if annotations else {})
