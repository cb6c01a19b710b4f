"""One request to a tracker, and what can become of it, in our words."""

import time
from typing import Any

import httpx

from domain.errors import VendorError, VendorOutcomeUnknown, VendorRateLimited, VendorUnavailable

TIMEOUT = httpx.Timeout(20.0, connect=10.0)
"""Seconds, between bytes of an answer. A step has a minute."""

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_WAIT = 60.0
"""Seconds, where a limit was reached and nothing says for how long."""


async def sent(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    vendor: str,
    writes: bool,
    **request: Any,  # noqa: ANN401  # httpx's own
) -> httpx.Response:
    """The answer, unless it is 429 or a failure of the server. `writes`: what failed may have been done."""
    name = vendor.title()
    try:
        answer = await http.request(method, path, **request)
    except _UNSENT as error:
        raise VendorUnavailable(f"{name} cannot be reached ({type(error).__name__}).", vendor=vendor) from error
    except httpx.HTTPError as error:
        if not writes:
            raise VendorUnavailable(f"{name} does not answer ({type(error).__name__}).", vendor=vendor) from error
        raise VendorOutcomeUnknown(
            f"The connection to {name} was lost ({type(error).__name__}); what was asked may have been done.",
            vendor=vendor,
        ) from error
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise limited(answer, vendor=vendor)
    if answer.is_server_error:
        failure: type[VendorError] = VendorOutcomeUnknown if writes else VendorUnavailable
        raise failure(f"{name} failed with {answer.status_code}.", vendor=vendor, status=answer.status_code)
    return answer


def limited(answer: httpx.Response, *, vendor: str, reset: str = "") -> VendorRateLimited:
    """That a limit was reached. `reset` names a header with the time, in milliseconds, from which there is room."""
    after, until = answer.headers.get("retry-after", ""), answer.headers.get(reset, "") if reset else ""
    if after.isdigit():
        wait = float(after)
    elif until.isdigit():
        wait = max(float(until) / 1000 - time.time(), 1.0)
    else:
        wait = _WAIT
    return VendorRateLimited(
        f"{vendor.title()} asks us to wait {wait:.0f} s.", retry_after=wait, vendor=vendor, status=answer.status_code
    )
