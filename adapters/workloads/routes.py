"""Where a stable URL points, by one set of rules wherever it is kept; and whose turn the next request is."""

from collections.abc import Callable
from random import SystemRandom
from typing import Self

from pydantic import Field

from adapters.workloads import notices
from domain.base import Data
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import DeploymentId, routed
from domain.vendors import Notice

HUNDRED = 100
_random = SystemRandom()

Named = Callable[[str], str]
"""The integration that a deployment is of. Raises NotFound."""


class Route(Data):
    """Which deployment is live, what share of the requests in percent a candidate gets, and what answers announce."""

    live: DeploymentId | None = None
    candidate: DeploymentId | None = None
    percent: int = Field(default=0, ge=0, le=HUNDRED)
    notice: Notice | None = None

    def to(self, name: str, deployment_id: str | None, named: Named) -> Self:
        """Everything to a deployment of the integration, or to none. Raises NotFound, Conflict."""
        if deployment_id is not None and named(deployment_id) != routed(name):
            raise Conflict(f"Deployment {deployment_id} is not one of {routed(name)}.")
        return self._pointing(deployment_id)

    def split(self, name: str, candidate: str, percent: int, named: Named) -> Self:
        """That share to `candidate`; 0 ends it, also where there is none. Raises NotFound, InvalidInput."""
        if percent == 0:
            return self._pointing(self.live)
        if self.live is None:
            raise NotFound(f"No deployment is live under the name {name}; switch to one before you split.")
        if candidate == self.live:
            raise InvalidInput(f"{candidate} is the live one itself; name another.", field="candidate")
        if named(candidate) != routed(name):
            raise InvalidInput(f"Deployment {candidate} is not one of {routed(name)}.", field="candidate")
        return self.model_copy(update={"candidate": candidate, "percent": percent})

    def announce(self, name: str, notice: Notice | None) -> Self:
        """Said with every answer; None takes it back, also where there is none. Raises NotFound, InvalidInput."""
        if notice is not None:
            notices.check(notice)
            if self.live is None:
                raise NotFound(f"No deployment is live under the name {name}.")
        return self.model_copy(update={"notice": notice})

    def without(self, deployment_id: str | None) -> Self:
        """Without the live one there is nothing to split."""
        if deployment_id == self.live:
            return self._pointing(None)
        return self._pointing(self.live) if deployment_id == self.candidate else self

    def _pointing(self, live: str | None) -> Self:
        return self.model_copy(update={"live": live, "candidate": None, "percent": 0})


class Decks:
    """For each stable URL that is split, whose turn it is: of each hundred exactly the share, in no order to guess."""

    def __init__(self) -> None:
        self._decks: dict[str, list[bool]] = {}

    def choose(self, name: str, route: Route) -> str:
        """The deployment for the next request. Raises NotFound."""
        if route.live is None:
            raise NotFound(f"No integration is live under the name {name[:100]!r}.")
        if route.candidate is None:
            return route.live
        deck = self._decks.setdefault(name, [])
        if not deck:
            deck += [card < route.percent for card in range(HUNDRED)]
            _random.shuffle(deck)
        return route.candidate if deck.pop() else route.live

    def forget(self, name: str) -> None:
        """The share is another from here on."""
        self._decks.pop(name, None)


def other(route: Route, than: str) -> str | None:
    """Where a request goes that `than` could not be given."""
    return next((to for to in (route.live, route.candidate) if to not in {None, than}), None)
