"""A stable URL as one HTTPRoute: where it points, what share a candidate gets, and what it announces.

One object holds all three, so that each change is one write: a gateway sees the old or the new, nothing between. A
route that points nowhere is attached to no gateway, and keeps what it announces for the next.
"""

from typing import Any

from pydantic import ValidationError

from adapters.kubernetes_target import names
from adapters.kubernetes_target.manifests import SERVICE_PORT
from adapters.kubernetes_target.settings import KubernetesSettings
from adapters.workloads import notices, routes
from adapters.workloads.routes import HUNDRED
from domain.errors import VendorError
from domain.ids import routed
from domain.vendors import DeploymentSpec, Notice

API_VERSION = "gateway.networking.k8s.io/v1"

Object = dict[str, Any]


class Route(routes.Route):
    """`resource_version` is that of the object it was read from; empty if there is none."""

    name: str
    resource_version: str = ""


def stable(route: Route, settings: KubernetesSettings) -> Object:
    """The route's object."""
    annotations = {} if route.notice is None else {names.NOTICE: route.notice.model_dump_json()}
    metadata: Object = {
        "name": names.stable(route.name),
        "labels": {names.NAME: routed(route.name), names.MANAGED_BY: names.MANAGER, names.ROUTE: route.name},
        "annotations": annotations,
    }
    if route.resource_version:
        metadata["resourceVersion"] = route.resource_version
    backends = []
    if route.live:
        backends.append(_backend(route.live, HUNDRED - route.percent))
    if route.live and route.candidate:
        backends.append(_backend(route.candidate, route.percent))
    return {
        "apiVersion": API_VERSION,
        "kind": "HTTPRoute",
        "metadata": metadata,
        "spec": _spec(f"/i/{route.name}", backends, settings, notice=route.notice),
    }


def direct(spec: DeploymentSpec, settings: KubernetesSettings) -> Object:
    """The deployment's own URL, straight to it; nothing is announced there."""
    return {
        "apiVersion": API_VERSION,
        "kind": "HTTPRoute",
        "metadata": names.metadata(spec, names.of(spec.id)),
        "spec": _spec(f"/d/{spec.id}", [_backend(spec.id, HUNDRED)], settings),
    }


def read(name: str, found: Object | None) -> Route:
    """What an HTTPRoute says. Raises VendorError for one that is not ours to read."""
    if found is None:
        return Route(name=name)
    try:
        said = found["metadata"].get("annotations", {}).get(names.NOTICE)
        backends = found["spec"]["rules"][0].get("backendRefs", []) if found["spec"].get("parentRefs") else []
        ids = [names.deployment_id(backend["name"]) for backend in backends]
        return Route(
            name=name,
            live=ids[0] if ids else None,
            candidate=ids[1] if len(ids) > 1 else None,
            percent=backends[1]["weight"] if len(ids) > 1 else 0,
            notice=None if said is None else Notice.model_validate_json(said),
            resource_version=found["metadata"]["resourceVersion"],
        )
    except (KeyError, IndexError, TypeError, AttributeError, ValidationError) as error:
        raise VendorError(f"The HTTPRoute of {name} is not as it was written.", vendor="kubernetes") from error


def accepted(found: Object) -> bool | str:
    """Whether every gateway has taken this generation of the route; in words, why one refused it."""
    parents = found.get("status", {}).get("parents", [])
    for parent in parents:
        for condition in parent.get("conditions", []):
            known = condition.get("observedGeneration", 0) >= found["metadata"].get("generation", 0)
            if not known:
                return False
            if condition.get("type") in {"Accepted", "ResolvedRefs"} and condition.get("status") != "True":
                return str(condition.get("message") or condition.get("reason"))
    return bool(parents)


def _spec(path: str, backends: list[Object], settings: KubernetesSettings, *, notice: Notice | None = None) -> Object:
    gateway = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "namespace": settings.gateway_namespace,
        "name": settings.gateway_name,
    }
    prefix = settings.base_path + path
    filters: list[Object] = [
        {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}},
        {
            "type": "RequestHeaderModifier",
            "requestHeaderModifier": {"set": [{"name": "X-Forwarded-Prefix", "value": prefix}]},
        },
    ]
    if notice is not None:
        filters.append({"type": "ResponseHeaderModifier", "responseHeaderModifier": _announced(notice)})
    return {
        "parentRefs": [gateway] if backends else [],
        "hostnames": [settings.hostname] if settings.hostname else [],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": prefix}}],
                "filters": filters,
                "backendRefs": backends,
            }
        ],
    }


def _announced(notice: Notice) -> Object:
    """Links that the integration gives stay, for a client may turn pages by them."""
    said = [{"name": name.decode().title(), "value": value.decode()} for name, value in notices.headers(notice)]
    modifier = {"set": [header for header in said if header["name"] != "Link"]}
    links = [header for header in said if header["name"] == "Link"]
    return modifier | ({"add": links} if links else {})


def _backend(deployment_id: str, weight: int) -> Object:
    return {"group": "", "kind": "Service", "name": names.of(deployment_id), "port": SERVICE_PORT, "weight": weight}
