"""Objects of one namespace, by server-side apply, through the official client. Synchronous: it runs in a thread.

The few kinds that we use are known here, so nothing need be discovered at the start of each process.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from kubernetes.client import ApiClient, Configuration
from kubernetes.client.rest import RESTResponse
from kubernetes.config import load_incluster_config, load_kube_config
from urllib3.exceptions import HTTPError

from adapters.kubernetes_target.errors import GONE, parsed, refuse, translated
from adapters.kubernetes_target.settings import KubernetesSettings

FIELD_MANAGER = "ccb"
LOG_BYTES = 4_000_000
CONNECT_SECONDS = 5.0
_PATHS = {
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "HTTPRoute": "/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
    "Pod": "/api/v1/namespaces/{namespace}/pods",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Service": "/api/v1/namespaces/{namespace}/services",
}
_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_WATCH_MARGIN = 5.0
"""Seconds beyond the server's own end of a watch, after which the connection counts as dead."""

Object = dict[str, Any]
Query = Mapping[str, str]


class Cluster:
    """Raises VendorUnavailable, VendorOutcomeUnknown, VendorRateLimited, VendorRejected (`vendor="kubernetes"`)."""

    def __init__(self, settings: KubernetesSettings) -> None:
        self._namespace = settings.namespace
        self._timeout = settings.timeout
        self._client = ApiClient(_configuration(settings))

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]  # the client's own

    def apply(self, manifest: Object) -> Object:
        """Make the object be as the manifest says, whoever else has a say in those fields; what it is then.

        With a `resourceVersion` in it, an object that was changed since is left alone: VendorUnavailable.
        """
        body = self._call(
            "PATCH",
            self._path(manifest["kind"], manifest["metadata"]["name"]),
            query={"fieldManager": FIELD_MANAGER, "force": "true"},
            body=manifest,
        )
        return parsed(body)

    def get(self, kind: str, name: str) -> Object | None:
        body = self._call("GET", self._path(kind, name), missing=True)
        return None if body is None else parsed(body)

    def select(self, kind: str, selector: str) -> list[Object]:
        items = parsed(self._call("GET", self._path(kind), query={"labelSelector": selector})).get("items")
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    def delete(self, kind: str, name: str) -> None:
        """Ask that it be deleted after all that it owns; nothing there is fine."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
        self._call("DELETE", self._path(kind, name), body=options, missing=True)

    def changed(self, kind: str, name: str, since: str, *, seconds: int) -> bool:
        """Wait for the first change after the resource version `since`; False if there was none within `seconds`.

        A version too old to watch from, or a watch that breaks off, counts as a change: look again.
        """
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": since,
            "timeoutSeconds": str(seconds),
        }
        with translated(changes=False):
            try:
                answer = self._send("GET", self._path(kind), query, None, timeout=seconds + _WATCH_MARGIN)
                try:
                    if answer.status not in {200, GONE}:
                        _checked(answer, changes=False)
                    return answer.status == GONE or any(part.strip() for part in answer.response.stream())
                finally:
                    answer.response.close()
            except HTTPError:
                return True

    def log(self, pod: str, container: str, *, limit: int | None = None, since: str | None = None) -> str:
        """What the container wrote, each line after its time; empty if it has not begun, or is gone."""
        query = {"container": container, "timestamps": "true", "limitBytes": str(LOG_BYTES)}
        query |= {"tailLines": str(limit)} if limit is not None else {}
        query |= {"sinceTime": since} if since is not None else {}
        with translated(changes=False):
            answer = self._send("GET", f"{self._path('Pod', pod)}/log", query, None, timeout=self._timeout)
            # 400: the container waits to start.
            if answer.status in {400, 404}:
                return ""
            return _checked(answer, changes=False).decode(errors="replace")

    def _path(self, kind: str, name: str | None = None) -> str:
        path = _PATHS[kind].format(namespace=self._namespace)
        return path if name is None else f"{path}/{name}"

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Object | None = None,
        missing: bool = False,
    ) -> Any:  # noqa: ANN401  # bytes; None only with `missing`
        changes = method != "GET"
        with translated(changes=changes):
            answer = self._send(method, path, query or {}, body, timeout=self._timeout)
            if missing and answer.status == 404:
                return None
            return _checked(answer, changes=changes)

    def _send(self, method: str, path: str, query: Query, body: Object | None, *, timeout: float) -> RESTResponse:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = _APPLY if method == "PATCH" else "application/json"
        method, url, headers, content, _ = self._client.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        return self._client.call_api(
            method, url, headers, content, _request_timeout=(min(timeout, CONNECT_SECONDS), timeout)
        )


def _checked(answer: RESTResponse, *, changes: bool) -> bytes:
    body: bytes = answer.response.read()
    if not 200 <= answer.status < 300:
        refuse(answer.status, body, changes=changes, retry_after=answer.headers.get("Retry-After"))
    return body


def _configuration(settings: KubernetesSettings) -> Configuration:
    """Retries are Temporal's."""
    configuration = Configuration()
    if settings.url:
        configuration.host = settings.url.rstrip("/")
        configuration.ssl_ca_cert = settings.ca_file or None
        if token := settings.token.get_secret_value():
            configuration.api_key = {"BearerToken": token}
            configuration.api_key_prefix = {"BearerToken": "Bearer"}
    elif "KUBERNETES_SERVICE_HOST" in os.environ:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    else:
        load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    configuration.retries = False
    return configuration


def lines(text: str) -> Iterator[tuple[str, str]]:
    """Time and text of each line of a log that was asked for with times."""
    for line in text.splitlines():
        at, space, said = line.partition(" ")
        if space:
            yield at, said
