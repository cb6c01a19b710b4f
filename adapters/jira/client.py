"""Jira Cloud's REST API, version 3, over HTTP. Atlassian has no SDK for Python.

Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/ and /rate-limiting/
"""

from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from adapters.jira.settings import JiraSettings
from adapters.jira.wire import Refusal
from adapters.trackers.http import TIMEOUT, sent
from domain.errors import InvalidInput, VendorError, VendorOutcomeUnknown, VendorRejected, VendorUnavailable

VENDOR = "jira"
_ADVICE = {
    401: " Set CCB_JIRA_EMAIL and CCB_JIRA_TOKEN to credentials that are valid.",
    403: " The account of CCB_JIRA_TOKEN needs the right to browse, comment on, edit and transition issues there.",
    404: " It does not exist, or the account of CCB_JIRA_TOKEN may not see it.",
}

_Model = TypeVar("_Model", bound=BaseModel)


class JiraClient:
    """Asks and tells. A connection is made for each: they are few, and far between.

    Raises InvalidInput if the settings do not hold all that is needed.
    """

    def __init__(self, settings: JiraSettings) -> None:
        if settings.token is None or settings.base_url is None or settings.email is None:
            raise InvalidInput(
                "Jira needs CCB_JIRA_BASE_URL, CCB_JIRA_EMAIL and CCB_JIRA_TOKEN.", field="CCB_JIRA_TOKEN"
            )
        self._base = f"{settings.base_url.rstrip('/')}/rest/api/3"
        self._auth = httpx.BasicAuth(settings.email, settings.token.get_secret_value())

    async def ask(self, answer: type[_Model], method: str, path: str, *, writes: bool, **request: Any) -> _Model:  # noqa: ANN401  # httpx's own
        """What `path` answers. Raises VendorRejected, VendorRateLimited, VendorUnavailable or VendorOutcomeUnknown."""
        reply = await self.tell(method, path, writes=writes, **request)
        try:
            return answer.model_validate_json(reply.content)
        except ValidationError as error:
            failure: type[VendorError] = VendorOutcomeUnknown if writes else VendorUnavailable
            raise failure("What Jira answered is not what it publishes.", vendor=VENDOR) from error

    async def tell(self, method: str, path: str, *, writes: bool = True, **request: Any) -> httpx.Response:  # noqa: ANN401  # httpx's own
        """The same where the answer says nothing more."""
        headers = {"Accept": "application/json"}
        async with httpx.AsyncClient(auth=self._auth, timeout=TIMEOUT, headers=headers) as http:
            reply = await sent(http, method, f"{self._base}/{path}", vendor=VENDOR, writes=writes, **request)
        if not reply.is_success:
            raise _refused(reply)
        return reply


def _refused(reply: httpx.Response) -> VendorRejected:
    try:
        refusal = Refusal.model_validate_json(reply.content)
        said = [*refusal.sentences, *(f"{field}: {why}" for field, why in refusal.errors.items())]
    except ValidationError:
        said = []
    words = "; ".join(sentence.rstrip(".") for sentence in said)[:1000] or f"status {reply.status_code}"
    advice = _ADVICE.get(reply.status_code, "")
    return VendorRejected(f"Jira refused: {words}.{advice}", vendor=VENDOR, status=reply.status_code)
