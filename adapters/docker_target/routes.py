"""Stable URLs as files, one each: what the target writes and the front reads."""

from pydantic import ValidationError

from domain.base import Data
from domain.errors import VendorError
from domain.ids import DeploymentId, RouteName
from domain.vendors import Notice

SUFFIX = ".json"


class Route(Data):
    """Where a stable URL points, what share a candidate gets, and what it announces."""

    name: RouteName
    live: DeploymentId | None = None
    candidate: DeploymentId | None = None
    percent: int = 0
    notice: Notice | None = None

    def without(self, deployment_id: str) -> "Route":
        """Without the live one there is nothing to split."""
        gone = {"candidate": None, "percent": 0}
        if deployment_id == self.live:
            return self.model_copy(update={"live": None, **gone})
        return self.model_copy(update=gone) if deployment_id == self.candidate else self


def read(text: str) -> Route:
    """Raises VendorError for what is no route."""
    try:
        return Route.model_validate_json(text)
    except ValidationError as error:
        raise VendorError("A route of the front is not as it was written.", vendor="docker") from error
