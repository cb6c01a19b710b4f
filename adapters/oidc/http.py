"""Requests to providers: bounded in time and size, nothing followed, errors in our words."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from domain.errors import VendorRateLimited, VendorRejected, VendorUnavailable

LARGEST = 500_000
"""Bytes of an answer: key sets and profiles are far below it."""

_Model = TypeVar("_Model", bound=BaseModel)


class Answer:
    def __init__(self, provider: str, status: int, body: bytes) -> None:
        self._provider = provider
        self.status = status
        self.body = body

    def parsed(self, model: type[_Model]) -> _Model:
        """Raises VendorRejected."""
        try:
            return model.model_validate_json(self.body)
        except ValidationError as error:
            raise VendorRejected(
                f"What {self._provider} answered cannot be read (HTTP {self.status}).", vendor=self._provider
            ) from error

    def good(self) -> "Answer":
        """Raises VendorRejected unless the status is 200."""
        if self.status != httpx.codes.OK:
            raise VendorRejected(f"{self._provider} answered {self.status}.", vendor=self._provider)
        return self


class Http:
    """A client for one provider, whose name is for messages. Close it."""

    def __init__(self, provider: str, *, timeout: float) -> None:
        self._provider = provider
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            timeout=timeout, follow_redirects=False, headers={"Accept": "application/json", "User-Agent": "ccb"}
        )

    async def get(self, url: str, *, token: str | None = None) -> Answer:
        return await self._send("GET", url, headers={"Authorization": f"Bearer {token}"} if token else {})

    async def post(self, url: str, form: str, *, basic: tuple[str, str] | None = None) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._send("POST", url, headers=headers, content=form, auth=basic)

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: str | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        unreachable = f"{self._provider} cannot be reached"
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(method, url, headers=headers, content=content, auth=auth) as answer,
            ):
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise VendorRejected(f"{self._provider} answered more than is read.", vendor=self._provider)
        except TimeoutError as late:
            raise VendorUnavailable(f"{self._provider} did not answer in time.", vendor=self._provider) from late
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Their text may hold the URL, and that a code.
            raise VendorUnavailable(f"{unreachable}: {type(error).__name__}.", vendor=self._provider) from error
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise VendorRateLimited(f"{self._provider} asks us to wait.", vendor=self._provider)
        if answer.is_server_error:
            raise VendorUnavailable(f"{self._provider} answered {answer.status_code}.", vendor=self._provider)
        return Answer(self._provider, answer.status_code, body)
