"""A Gateway (gateway-api.sigs.k8s.io): takes requests as the HTTPRoutes say, and answers in the pods' place.

Each hundred requests of a rule are shared exactly by weight. The answer's JSON says which Service they reached, the
path that it would have seen, and the headers that were set for it.
"""

from collections import deque
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.kubernetes.store import Store

Object = dict[str, Any]


class Gateway:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._decks: dict[str, deque[str]] = {}

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        found = [
            (match["path"]["value"], route, rule)
            for route in self._store.select("httproutes")
            if route["spec"].get("parentRefs")
            for rule in route["spec"]["rules"]
            for match in rule["matches"]
            if path == match["path"]["value"] or path.startswith(match["path"]["value"].rstrip("/") + "/")
        ]
        if not found:
            return Response(status_code=404)
        prefix, route, rule = max(found, key=lambda one: len(one[0]))
        name = self._backend(f"{route['metadata']['uid']}/{route['metadata']['generation']}", rule)
        if name is None or not self._endpoints(route["metadata"]["namespace"], name):
            return Response(status_code=503)
        seen: Object = {"service": name, "deployment": self._deployment(route, name), "path": path, "headers": {}}
        said: list[tuple[str, str]] = []
        for one in rule.get("filters", []):
            if one["type"] == "URLRewrite":
                rest = path.removeprefix(prefix).lstrip("/")
                seen["path"] = one["urlRewrite"]["path"]["replacePrefixMatch"].rstrip("/") + "/" + rest
            elif one["type"] == "RequestHeaderModifier":
                seen["headers"] |= {entry["name"]: entry["value"] for entry in one["requestHeaderModifier"]["set"]}
            elif one["type"] == "ResponseHeaderModifier":
                modifier = one["responseHeaderModifier"]
                said += [(entry["name"], entry["value"]) for key in ("set", "add") for entry in modifier.get(key, [])]
        answer = JSONResponse(seen)
        for header, value in said:
            answer.headers.append(header, value)
        return answer

    def _backend(self, key: str, rule: Object) -> str | None:
        deck = self._decks.setdefault(key, deque())
        if not deck:
            deck.extend(backend["name"] for backend in rule["backendRefs"] for _ in range(backend.get("weight", 1)))
        return deck.popleft() if deck else None

    def _deployment(self, route: Object, name: str) -> str:
        service = self._store.get(("services", route["metadata"]["namespace"], name))
        return str(service["spec"]["selector"].get("ccb/deployment", ""))

    def _endpoints(self, namespace: str, name: str) -> bool:
        """Whether a ready pod stands behind the Service."""
        service = self._store.find(("services", namespace, name))
        wanted = service["spec"]["selector"].items() if service else []
        return any(
            wanted <= pod["metadata"]["labels"].items()
            and any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
            for pod in self._store.select("pods", namespace)
            if service
        )
