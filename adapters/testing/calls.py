"""What a deployed integration answers to the examples of its plan: GET only, bounded, and without credentials."""

import asyncio
from collections.abc import Sequence
from typing import Self

import httpx

from domain.plan import Capability
from domain.testing import LiveAnswer
from domain.text import redact

TIMEOUT = 20.0
"""Seconds for one answer, its body included."""
MAX_BODY = 64 << 10
_AT_ONCE = 4


class HttpLiveCalls:
    """The port `LiveCalls`. It follows no redirect: where one leads is nothing that the plan names."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, follow_redirects=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(self, url: str, capabilities: Sequence[Capability]) -> list[LiveAnswer]:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(capability: Capability) -> LiveAnswer:
            async with turns:
                return await self._twice(url, capability)

        return list(
            await asyncio.gather(*(one(each) for each in capabilities if each.example and each.method == "get"))
        )

    async def _twice(self, url: str, capability: Capability) -> LiveAnswer:
        first = await self._ask(url, capability)
        if first.status and first.status < 500:
            return first
        again = await self._ask(url, capability)
        return again.model_copy(update={"at_first": first.error or f"it answered {first.status}"})

    async def _ask(self, url: str, capability: Capability) -> LiveAnswer:
        try:
            async with (
                asyncio.timeout(TIMEOUT),
                self._http.stream("GET", f"{url.rstrip('/')}{capability.example}") as got,
            ):
                body = b""
                async for piece in got.aiter_bytes():
                    body += piece
                    if len(body) > MAX_BODY:
                        return LiveAnswer(capability=capability.name, status=got.status_code, error=_TOO_LARGE)
        except TimeoutError:
            return LiveAnswer(capability=capability.name, error=f"no answer within {TIMEOUT:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return LiveAnswer(capability=capability.name, error=f"no answer ({type(error).__name__})")
        return LiveAnswer(
            capability=capability.name,
            status=got.status_code,
            media_type=got.headers.get("content-type", "")[:200],
            body=redact(body.decode(errors="replace")),
        )


_TOO_LARGE = f"the answer is larger than {MAX_BODY >> 10} KiB, so it was not looked at"
