"""The kinds that are served, and the rules that the real server has for them, as far as clients meet them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulators.kubernetes.answers import invalid

Object = dict[str, Any]
Check = Callable[[Object, Object | None], None]

_SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_MAX_DATA = 1 << 20


@dataclass(frozen=True)
class Kind:
    """`group` is empty for the core's."""

    group: str
    version: str
    kind: str
    check: Check

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


def _named(found: Object, _: Object | None) -> None:
    name = str(found["metadata"]["name"])
    kind = str(found["kind"])
    if not _SUBDOMAIN.fullmatch(name):
        raise invalid(kind, name, "metadata.name", "a lowercase RFC 1123 subdomain is wanted")
    for key, value in (found["metadata"].get("labels") or {}).items():
        if not _LABEL_VALUE.fullmatch(str(value)):
            raise invalid(kind, name, f"metadata.labels.{key}", f"{value!r} is no label value")
    for key, value in (found["metadata"].get("annotations") or {}).items():
        if not isinstance(value, str):
            raise invalid(kind, name, f"metadata.annotations.{key}", "a string is wanted")


def _holding_data(found: Object, live: Object | None) -> None:
    _named(found, live)
    data = found.get("data") or {}
    for key, value in data.items():
        if not _DATA_KEY.fullmatch(key) or not isinstance(value, str):
            raise invalid(
                found["kind"], found["metadata"]["name"], f"data[{key}]", "a valid key and a string are wanted"
            )
    if sum(len(key) + len(value.encode()) for key, value in data.items()) > _MAX_DATA:
        raise invalid(found["kind"], found["metadata"]["name"], "[]", f"must have at most {_MAX_DATA} bytes")


def _service(found: Object, live: Object | None) -> None:
    _named(found, live)
    if not _LABEL_1035.fullmatch(found["metadata"]["name"]):
        raise invalid("Service", found["metadata"]["name"], "metadata.name", "a DNS-1035 label is wanted")


def _deployment(found: Object, live: Object | None) -> None:
    _named(found, live)
    name, spec = found["metadata"]["name"], found["spec"]
    wanted, labels = spec["selector"]["matchLabels"], spec["template"]["metadata"].get("labels", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        raise invalid(
            "Deployment", name, "spec.template.metadata.labels", "`selector` does not match template `labels`"
        )
    if live is not None and live["spec"]["selector"] != spec["selector"]:
        raise invalid("Deployment", name, "spec.selector", "field is immutable")
    pod = spec["template"]["spec"]
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                raise invalid("Deployment", name, f"volumeMounts[{mount['name']}]", "Not found")


KINDS = {
    "configmaps": Kind("", "v1", "ConfigMap", _holding_data),
    "deployments": Kind("apps", "v1", "Deployment", _deployment),
    "httproutes": Kind("gateway.networking.k8s.io", "v1", "HTTPRoute", _named),
    "networkpolicies": Kind("networking.k8s.io", "v1", "NetworkPolicy", _named),
    "pods": Kind("", "v1", "Pod", _named),
    "secrets": Kind("", "v1", "Secret", _holding_data),
    "services": Kind("", "v1", "Service", _service),
}
