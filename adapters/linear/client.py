"""Linear's GraphQL API over HTTP. Linear has no SDK for Python.

Source: https://linear.app/developers/graphql and /developers/rate-limiting; what kinds of errors there are is in
Linear's own SDK (npm `@linear/sdk`).
"""

import re
from typing import TypeVar

import httpx
from pydantic import BaseModel, JsonValue, SecretStr, TypeAdapter, ValidationError

from adapters.linear.wire import Errors, GraphQLError
from adapters.trackers.http import TIMEOUT, limited, sent
from domain.errors import VendorError, VendorOutcomeUnknown, VendorRejected, VendorUnavailable

VENDOR = "linear"
_RESET = "x-ratelimit-requests-reset"
_ADVICE = {
    "authentication_error": " Set CCB_LINEAR_TOKEN to a token that is valid.",
    "forbidden": " The account of CCB_LINEAR_TOKEN has to see the team, and to write there.",
}
_DATA: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
_THEIR_FAULT = {"internal_error", "internal_server_error", "network_error", "lock_timeout", "bootstrap_error"}

_Model = TypeVar("_Model", bound=BaseModel)


class LinearClient:
    """Asks and tells. A connection is made for each: they are few, and far between."""

    def __init__(self, base_url: str, token: SecretStr) -> None:
        self._url = base_url
        secret = token.get_secret_value()
        # API keys go as they are, OAuth's access tokens as bearers.
        self._headers = {"Authorization": secret if secret.startswith("lin_api_") else f"Bearer {secret}"}

    async def ask(self, query: str, answer: type[_Model], **variables: JsonValue) -> _Model:
        """What `query` answers. Raises VendorRejected, VendorRateLimited, VendorUnavailable or VendorOutcomeUnknown."""
        writes = query.lstrip().startswith("mutation")
        name = re.findall(r"\w+", query)[1]
        body = {"query": query, "operationName": name, "variables": variables}
        async with httpx.AsyncClient(headers=self._headers, timeout=TIMEOUT) as http:
            reply = await sent(http, "POST", self._url, vendor=VENDOR, writes=writes, json=body)
        return _read(reply, answer, writes=writes)


def _read(reply: httpx.Response, answer: type[_Model], *, writes: bool) -> _Model:
    try:
        given = _DATA.validate_json(reply.content)
        errors = Errors.model_validate(given).errors
        if errors:
            raise _refused(reply, errors[0], writes=writes)
        if reply.is_error:
            raise VendorRejected(f"Linear refused with {reply.status_code}.", vendor=VENDOR, status=reply.status_code)
        return answer.model_validate(given.get("data"))
    except ValidationError as error:
        if reply.is_client_error:
            raise VendorRejected(
                f"Linear refused with {reply.status_code}. Check CCB_LINEAR_BASE_URL.",
                vendor=VENDOR,
                status=reply.status_code,
            ) from error
        failure: type[VendorError] = VendorOutcomeUnknown if writes else VendorUnavailable
        raise failure("What Linear answered is not what it publishes.", vendor=VENDOR) from error


def _refused(reply: httpx.Response, error: GraphQLError, *, writes: bool) -> VendorError:
    kinds = {re.sub(r"\W+", "_", kind.lower()) for kind in (error.extensions.code, error.extensions.type)}
    if "ratelimited" in kinds:
        return limited(reply, vendor=VENDOR, reset=_RESET)
    said = (error.extensions.sentence or error.message or "it does not say why").rstrip(".")[:1000]
    if kinds & _THEIR_FAULT:
        failure: type[VendorError] = VendorOutcomeUnknown if writes else VendorUnavailable
        return failure(f"Linear failed: {said}.", vendor=VENDOR, status=reply.status_code)
    advice = next((words for kind, words in _ADVICE.items() if kind in kinds), "")
    return VendorRejected(f"Linear refused: {said}.{advice}", vendor=VENDOR, status=reply.status_code)
