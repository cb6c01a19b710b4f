"""Reading and changing the HTTPRoutes of the stable URLs. Synchronous."""

import time
from collections.abc import Callable

from adapters.kubernetes_target import names, routes
from adapters.kubernetes_target.cluster import Cluster
from adapters.kubernetes_target.routes import Route
from adapters.kubernetes_target.settings import KubernetesSettings
from domain.errors import VendorError, VendorOutcomeUnknown, VendorRejected
from domain.ids import routed

_WATCH_SECONDS = 2


class StableUrls:
    """One HTTPRoute each."""

    def __init__(self, cluster: Cluster, settings: KubernetesSettings) -> None:
        self._cluster = cluster
        self._settings = settings

    def route(self, name: str) -> Route:
        """Where it points; nowhere if nobody ever said."""
        return routes.read(name, self._cluster.get("HTTPRoute", names.stable(name)))

    def leading_to(self, deployment_id: str) -> str | None:
        """The name of the stable URL that points at it."""
        return next((route.name for route in self._all() if route.live == deployment_id), None)

    def change(self, name: str, to: Callable[[Route], Route]) -> None:
        """Change what the route says, unless somebody does so meanwhile; returns once the gateways have taken it.

        Raises VendorUnavailable if somebody did, VendorRejected if a gateway refuses it, VendorOutcomeUnknown if none
        took it in time.
        """
        before = self.route(name)
        wanted = to(before).model_copy(update={"resource_version": before.resource_version})
        if wanted == Route(name=name):
            return
        found = routes.read(name, self._cluster.apply(routes.stable(wanted, self._settings)))
        if found.model_copy(update={"resource_version": ""}) != wanted.model_copy(update={"resource_version": ""}):
            raise VendorError(f"The HTTPRoute of {name} is not what it was set to.", vendor="kubernetes")
        if wanted.live is not None:
            self._await_accepted(name)

    def forget(self, deployment_id: str) -> None:
        """It is about to be stopped: nothing points there any more."""
        for route in self._all():
            if deployment_id in {route.live, route.candidate}:
                self.change(route.name, lambda found: found.without(deployment_id))

    def tidy(self) -> None:
        """Delete the routes that point nowhere, of integrations that have no deployment left."""
        for route in self._all():
            selector = f"{names.OURS},{names.NAME}={routed(route.name)}"
            if route.live is None and not self._cluster.select("Deployment", selector):
                self._cluster.delete("HTTPRoute", names.stable(route.name))

    def _all(self) -> list[Route]:
        found = self._cluster.select("HTTPRoute", f"{names.OURS},{names.ROUTE}")
        return [routes.read(one["metadata"]["labels"][names.ROUTE], one) for one in found]

    def _await_accepted(self, name: str) -> None:
        until = time.monotonic() + self._settings.timeout
        while True:
            found = self._cluster.get("HTTPRoute", names.stable(name))
            if found is None:
                raise VendorOutcomeUnknown(f"The HTTPRoute of {name} is gone again.", vendor="kubernetes")
            taken = routes.accepted(found)
            if taken is True:
                return
            if isinstance(taken, str):
                raise VendorRejected(f"The gateway refuses the route of {name}: {taken}.", vendor="kubernetes")
            if time.monotonic() > until:
                gateway = self._settings.gateway
                raise VendorOutcomeUnknown(f"Gateway {gateway} has not taken the route of {name}.", vendor="kubernetes")
            since = str(found["metadata"]["resourceVersion"])
            self._cluster.changed("HTTPRoute", names.stable(name), since, seconds=_WATCH_SECONDS)
