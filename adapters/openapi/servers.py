"""Where an API lives: its servers, with variables filled in and relative addresses resolved."""

import re
from urllib.parse import urljoin, urlsplit

from pydantic import JsonValue

from adapters.openapi.references import Object, items, mapping, text
from domain.plan import host_of

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


def hosts(root: Object) -> set[str]:
    """The hosts, with ports that are named, of the document's servers and of where its security schemes give tokens."""
    schemes = mapping(mapping(root.get("components")).get("securitySchemes")).values()
    flows = [flow for scheme in schemes for flow in mapping(mapping(scheme).get("flows")).values()]
    places = [filled(server) for server in items(root.get("servers"))]
    places += [text(mapping(flow).get(key)) for flow in flows for key in ("tokenUrl", "refreshUrl")]
    return {host_of(re.split(r"[?#]", place)[0]) for place in places if _USABLE.fullmatch(place)}


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
