"""Stable URLs as files, one each: what the target writes and the front reads."""

from pydantic import ValidationError

from adapters.workloads import routes
from domain.errors import VendorError
from domain.ids import RouteName

SUFFIX = ".json"


class Route(routes.Route):
    """With the name of the file that it is."""

    name: RouteName


def read(text: str) -> Route:
    """Raises VendorError for what is no route."""
    try:
        return Route.model_validate_json(text)
    except ValidationError as error:
        raise VendorError("A route of the front is not as it was written.", vendor="docker") from error
