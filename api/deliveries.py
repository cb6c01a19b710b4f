"""What the webhook endpoints have in common."""

from pydantic import JsonValue, SecretStr, TypeAdapter, ValidationError

from domain.base import Data
from domain.errors import InvalidInput, Unauthenticated

_JSON: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class Received(Data):
    """A delivery that was accepted: stored now, stored before (`duplicate`), or of no interest here (`ignored`)."""

    delivery: str
    duplicate: bool = False
    ignored: bool = False


class NotJson(InvalidInput):
    """The body of a delivery is not a JSON object."""

    code = "not_json"
    http_status = 400


def json_object(text: bytes | str, what: str) -> dict[str, JsonValue]:
    """Raises NotJson."""
    try:
        return _JSON.validate_json(text)
    except ValidationError as error:
        raise NotJson(f"{what} is not a JSON object.") from error


def configured(secret: SecretStr | None, variable: str) -> SecretStr:
    """Nothing can be verified without a secret, so nothing is taken. Raises Unauthenticated."""
    if secret is None:
        raise Unauthenticated(f"Deliveries are not taken here until {variable} is set.")
    return secret
