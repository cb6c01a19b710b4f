"""That an integration will end, in the headers of every answer: `Deprecation`, `Sunset` and `Link`."""

import re
from datetime import UTC
from email.utils import format_datetime

import httpx
from starlette.types import Message, Send

from domain.errors import InvalidInput
from domain.vendors import Notice

MAX_LINK = 2000
# RFC 3986's characters, so none that ends `<…>` or a header.
_URL = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+", re.ASCII | re.IGNORECASE)
# One link of a `Link` header, and its relations (RFC 8288 §3): commas may be in the address, and in quotes.
# Integrations are hostile: both take time in proportion to the header's length.
_LINK = re.compile(r"""<[^<>]*+>(?:[^,"]|"(?:[^"\\]|\\.?)*+(?:"|\Z))*+""")
_RELATIONS = re.compile(r""";\s*+rel\s*+=\s*+(?:"([^"]*+)"?|([^\s;,"]*+))""", re.IGNORECASE)

Headers = list[tuple[bytes, bytes]]


def check(notice: Notice) -> None:
    """Raise InvalidInput for what no header can say."""
    if notice.sunset_at and notice.sunset_at < notice.deprecated_at:
        # RFC 9745 §4
        raise InvalidInput("It cannot end before it is deprecated: sunset_at is earlier.", field="notice.sunset_at")
    if notice.link and (len(notice.link) > MAX_LINK or not _is_url(notice.link)):
        raise InvalidInput(
            f"The link must be a whole http or https URL of at most {MAX_LINK} characters.", field="notice.link"
        )


def headers(notice: Notice) -> Headers:
    """A structured-field date (RFC 9745 §2.1), an HTTP date (RFC 8594 §3), and a link (RFC 9745 §3)."""
    said = [(b"deprecation", b"@%d" % int(notice.deprecated_at.timestamp()))]
    if notice.sunset_at:
        said.append((b"sunset", format_datetime(notice.sunset_at.astimezone(UTC), usegmt=True).encode()))
    if notice.link:
        said.append((b"link", f'<{notice.link}>; rel="deprecation"'.encode()))
    return said


def announcing(send: Send, notice: Notice | None) -> Send:
    """Send answers with the notice; it takes the place of what the integration says of the same."""
    if notice is None:
        return send
    ours = headers(notice)
    named = {name for name, _ in ours}

    async def announce(message: Message) -> None:
        if message["type"] == "http.response.start":
            theirs = _others(message.get("headers", []), named)
            message = {**message, "headers": [*theirs, *ours]}
        await send(message)

    return announce


def _others(theirs: Headers, named: set[bytes]) -> Headers:
    """All but those that are `named`; links of other relations stay, for a client may turn pages by them."""
    kept = []
    for name, value in theirs:
        if name.lower() == b"link" in named:
            links = [link for link in _LINK.findall(value.decode("latin-1")) if not _deprecates(link)]
            kept += [(name, ", ".join(link.strip() for link in links).encode("latin-1"))] if links else []
        elif name.lower() not in named:
            kept.append((name, value))
    return kept


def _deprecates(link: str) -> bool:
    found = _RELATIONS.search(link)
    return found is not None and "deprecation" in (found[1] or found[2] or "").lower().split()


def _is_url(text: str) -> bool:
    try:
        return bool(_URL.fullmatch(text)) and bool(httpx.URL(text).host)
    except httpx.InvalidURL:
        return False
