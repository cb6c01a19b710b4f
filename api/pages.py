"""Very plain pages, for browsers that log in here: no script, no style, no image; forms lead here and nowhere else."""

import math
from html import escape

from fastapi import Request
from fastapi.responses import HTMLResponse

from domain.errors import CcbError, InvalidInput

# The policy of every answer forbids everything else already; policies add up.
_POLICY = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    """`body` is HTML: whoever makes it escapes what is not theirs."""
    return HTMLResponse(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"></head>'
        f"<body><main><h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n",
        status_code=status,
        headers={"Content-Security-Policy": _POLICY},
    )


def refusal(error: CcbError) -> HTMLResponse:
    answer = page("You are not logged in", f"<p>{escape(error.message)}</p>", status=error.http_status)
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after))
    return answer


def wanted(request: Request) -> bool:
    """Whether a browser asks, for somebody to look at."""
    return "text/html" in request.headers.get("accept", "")


def own_path(text: str) -> str:
    """A path of ours to go to afterwards. Raises InvalidInput for what could lead elsewhere.

    Browsers take `\\` for `/`, drop tabs and line ends, and `//host` is another host: only plain characters, and one
    slash to begin with.
    """
    plain = text.isascii() and text.isprintable() and not set(text) & set("\\ ")
    if not plain or not text.startswith("/") or text.startswith("//"):
        raise InvalidInput("return_to is a path of this API, such as /device.", field="return_to")
    return text
