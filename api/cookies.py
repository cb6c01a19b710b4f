"""The cookies of logging in by a browser: never read by scripts, never sent with other sites' requests.

Over https they carry the prefix `__Host-`, so that no neighbouring host can plant one (RFC 6265bis §4.1.3). Only on
this machine is there plain http, where browsers take no such cookie.
"""

import re
from datetime import timedelta

from fastapi import Request
from fastapi.responses import Response

from api.federation import Federation

BINDING = "ccb_oauth"
"""Binds what a provider answers to the browser that asked."""
HANDOFF = "ccb_handoff"
"""For who has come back: tokens, once."""
PAGE = "ccb_page"
"""Binds the forms of our own pages to the browser they were made for."""
SIGNED_IN = "ccb_session"
"""The access token of who is logged in on our own pages."""

_PLAUSIBLE = re.compile(r"[A-Za-z0-9._~-]{16,4000}")


def cookie(request: Request, name: str, federation: Federation) -> str | None:
    """Its value; None for one that cannot be ours."""
    value = request.cookies.get(_called(name, federation), "")
    return value if _PLAUSIBLE.fullmatch(value) else None


def set_cookie(response: Response, name: str, value: str, federation: Federation, *, lasts: timedelta) -> None:
    # Lax, not strict: the browser comes back from another site with it.
    response.set_cookie(
        _called(name, federation),
        value,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=federation.secure,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, name: str, federation: Federation) -> None:
    response.delete_cookie(_called(name, federation), path="/", secure=federation.secure, httponly=True, samesite="lax")


def _called(name: str, federation: Federation) -> str:
    return f"__Host-{name}" if federation.secure else name
