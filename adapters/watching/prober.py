"""The port `Prober`: one GET, of which only the status and the time are read."""

import asyncio
import time

import httpx

from domain.health import Look

CONNECTIONS = 100


class HttpProber:
    """Follows no redirects and reads no bodies: what answers runs code that nobody trusts."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            headers={"user-agent": "ccb-health", "accept": "application/json"},
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def look(self, url: str, *, timeout: float) -> Look:
        began = time.monotonic()
        try:
            async with asyncio.timeout(timeout), self._client.stream("GET", url, timeout=timeout) as answer:
                took = (time.monotonic() - began) * 1000
                if answer.is_success:
                    return Look(ok=True, latency_ms=took)
                return Look(ok=False, latency_ms=took, detail=f"it answered HTTP {answer.status_code}")
        except (TimeoutError, httpx.TimeoutException):
            return _failed(began, f"it did not answer within {timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _failed(began, f"it could not be asked ({type(error).__name__})")


def _failed(began: float, detail: str) -> Look:
    return Look(ok=False, latency_ms=(time.monotonic() - began) * 1000, detail=detail)
