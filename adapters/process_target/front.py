"""The front of the stable URLs: where each points, what share a candidate gets, what it announces, how requests went.

A stable URL has a name as `domain.ids.route` makes it: one integration has one for each of its environments.

The first three are on disk before they count; figures are in memory, and begin anew with the runner.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from adapters.process_target.deployment import Deployment
from adapters.process_target.figures import Figures, Timing
from adapters.process_target.store import Store
from adapters.workloads.routes import Decks, Route, other
from domain.errors import NotFound, VendorUnavailable
from domain.ids import routed
from domain.vendors import Notice, Traffic


class Front:
    """Routes to `deployments`, which the runner fills and empties."""

    def __init__(self, store: Store, deployments: Mapping[str, Deployment]) -> None:
        self._store = store
        self._deployments = deployments
        self._routes: dict[str, Route] = {}
        self._decks = Decks()
        self._figures: dict[str, Figures] = {}
        self._since = time.monotonic()

    def open(self) -> None:
        """Take up what is on disk, but for deployments that are not."""
        for name, route in self._store.routes().items():
            found = route if route.candidate in self._deployments else route.without(route.candidate)
            self._routes[name] = found if route.live in self._deployments else found.without(route.live)

    def route(self, name: str) -> Route:
        """Where it points; nowhere if nobody ever said."""
        return self._routes.get(name, Route())

    def leading_to(self, deployment_id: str) -> str | None:
        """The name of the stable URL that points at it."""
        return next((name for name, to in self._routes.items() if to.live == deployment_id), None)

    def switch(self, name: str, deployment_id: str | None) -> None:
        """Point a stable URL at a deployment of its integration, or at nothing. Raises NotFound, Conflict."""
        self._set(name, self.route(name).to(name, deployment_id, self._name))

    def split(self, name: str, candidate: str, percent: int) -> None:
        """Give `candidate` that share of the requests; 0 ends it, also where there is none.

        Raises NotFound, InvalidInput.
        """
        self._set(name, self.route(name).split(name, candidate, percent, self._name))

    def announce(self, name: str, notice: Notice | None) -> None:
        """Say it with every answer; None takes it back, also where there is none. Raises NotFound, InvalidInput."""
        self._set(name, self.route(name).announce(name, notice))

    def forget(self, deployment_id: str) -> None:
        """It is about to be stopped: nothing points there any more. The last one of a name takes the notice along."""
        found = self._deployments.get(deployment_id)
        leading = [name for name, to in self._routes.items() if deployment_id in {to.live, to.candidate}]
        of_it = [name for name in self._routes if found and routed(name) == found.spec.name]
        for name in {*leading, *of_it}:
            route = self.route(name).without(deployment_id)
            others = (one for one in self._deployments if one != deployment_id and self._name(one) == routed(name))
            self._set(name, route if route.live or any(others) else Route())
        self._figures.pop(deployment_id, None)

    def traffic(self, deployment_id: str, seconds: float) -> Traffic:
        """Raises NotFound."""
        self._name(deployment_id)
        return self._of(deployment_id).over(seconds)

    # What a gateway asks.

    def notice(self, name: str) -> Notice | None:
        return self.route(name).notice

    def choose(self, name: str) -> str:
        return self._decks.choose(name, self.route(name))

    def other(self, name: str, than: str) -> str | None:
        return other(self.route(name), than)

    @contextmanager
    def request(self, deployment_id: str, path: str) -> Iterator[tuple[httpx.AsyncClient, Timing]]:
        """Those of its health check are ours, not its callers': they are no traffic."""
        found = self._deployments.get(deployment_id)
        counted = found is None or path != found.spec.health_endpoint
        with self._of(deployment_id).request(counted=counted) as timing:
            if found is None:
                raise VendorUnavailable("It is being started anew.", retry_after=1)
            with found.request() as client:
                yield client, timing

    def _of(self, deployment_id: str) -> Figures:
        return self._figures.setdefault(deployment_id, Figures(since=self._since))

    def _name(self, deployment_id: str) -> str:
        if deployment_id not in self._deployments:
            raise NotFound(f"There is no deployment {deployment_id}.")
        return self._deployments[deployment_id].spec.name

    def _set(self, name: str, route: Route) -> None:
        if route == self.route(name):
            return
        routes = {**self._routes, name: route}
        if route == Route():
            del routes[name]
        self._store.save_routes(routes)
        self._routes = routes
        self._decks.forget(name)


class Direct:
    """Each deployment's own URL, straight to it: neither announced nor counted."""

    def __init__(self, deployments: Mapping[str, Deployment]) -> None:
        self._deployments = deployments

    def notice(self, _: str) -> Notice | None:
        return None

    def choose(self, deployment_id: str) -> str:
        if deployment_id not in self._deployments:
            raise NotFound(f"There is no deployment {deployment_id}.")
        return deployment_id

    def other(self, _: str, than: str) -> str | None:
        return None

    @contextmanager
    def request(self, deployment_id: str, path: str) -> Iterator[tuple[httpx.AsyncClient, Timing]]:
        with self._deployments[deployment_id].request() as client:
            yield client, Timing()
