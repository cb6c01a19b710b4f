"""Where an API lives: its servers, with variables filled in and relative addresses resolved."""

import re
from urllib.parse import urljoin, urlsplit

from pydantic import JsonValue

from adapters.openapi.references import Object, items, mapping, text

_USABLE = re.compile(r"https?://[^\s\"'\\<>{}]+")
_VARIABLE = re.compile(r"\{([^{}]{1,100})\}")


def filled(server: JsonValue) -> str:
    """The server's URL with the defaults of its variables (OpenAPI 3.1.1 §4.8.6); one without a default stays."""
    variables = mapping(mapping(server).get("variables"))

    def value(match: re.Match[str]) -> str:
        variable = mapping(variables.get(match[1]))
        choices = [variable.get("default"), *items(variable.get("enum"))]
        return next((str(choice) for choice in choices if isinstance(choice, (str, int, float))), match[0])

    return _VARIABLE.sub(value, text(mapping(server).get("url"))[:1000]).strip()


def base_url(root: Object, fetched_from: str | None) -> str | None:
    """The first server that can be called, without a slash at its end; none given means where the document is from."""
    for server in items(root.get("servers")) or [{"url": "/"}]:
        try:
            url = urljoin(fetched_from or "", filled(server) or "/").split("#")[0].split("?")[0].rstrip("/")
            if _USABLE.fullmatch(url) and urlsplit(url).hostname and len(url) <= 500:
                return url
        except ValueError:  # such as a bracket in the host
            continue
    return None
