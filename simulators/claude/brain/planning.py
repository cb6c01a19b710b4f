"""From chosen operations to a plan: safe names and routes, hosts, secrets, examples."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from simulators.claude.brain import naming
from simulators.claude.brain.naming import PLACEHOLDER, ascii_text, distinct, escaped, sentence, snake, words
from simulators.claude.brain.reading import Facts, Listed
from simulators.claude.brain.security import credentials

_NOISE = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "for",
        "to",
        "in",
        "on",
        "with",
        "and",
        "or",
        "we",
        "i",
        "our",
        "us",
        "please",
        "need",
        "want",
        "like",
        "integration",
        "integrations",
        "integrate",
        "service",
        "api",
        "new",
        "build",
        "create",
        "make",
        "add",
        "request",
        "feature",
        "support",
        "simulate",
        "buggy",
        "one",
        "turn",
        "never",
        "passes",
        "refuse",
        "obeys",
        "list",
        "get",
    ]
)
_URL = re.compile(r"^https?://[^\s\"'\\<>{}]+$")
_HOST = re.compile(r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$")


@dataclass(frozen=True)
class Chosen:
    """An operation to use and what the document says of it (empty if it was not read)."""

    listed: Listed
    details: dict[str, Any]


def base_url(facts: Facts, chosen: list[Chosen]) -> str | None:
    """The base URL that was given, else the first server of the document that is absolute."""
    given = re.search(r"^[\s*-]*Base URL:\s*`?(\S+?)`?\s*$", facts.trusted, re.IGNORECASE | re.MULTILINE)
    offers = [given.group(1)] if given else []
    for one in chosen:
        servers = one.details.get("servers")
        offers += (
            [_server(server) for server in servers if isinstance(server, dict)] if isinstance(servers, list) else []
        )
    offers += re.findall(r"^[\s*-]*Servers?:\s*(https?://\S+?),?\s*$", facts.first, re.IGNORECASE | re.MULTILINE)
    return next((offer.rstrip("/") for offer in offers if _URL.match(offer) and _HOST.match(host(offer))), None)


def _server(server: dict[str, Any]) -> str:
    variables = server.get("variables")
    known = variables if isinstance(variables, dict) else {}
    return PLACEHOLDER.sub(
        lambda found: str(known.get(found.group(1), {}).get("default", "")), str(server.get("url", ""))
    )


def host(url: str) -> str:
    """The host of a URL, with its port if it names one, in lower case."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def name(facts: Facts, capabilities: list[dict[str, Any]]) -> str:
    """The name that was given, else one from the title's words."""
    given = re.search(
        r"^[\s*-]*Name:\s*`?([a-z][a-z0-9-]{1,48}[a-z0-9])`?\s*$", facts.trusted, re.IGNORECASE | re.MULTILINE
    )
    if given:
        return given.group(1).lower()
    title = next((line for line in facts.wish.splitlines() if line.strip()), "")
    said = [
        word
        for word in _title_words(re.sub(r"^\W*title\s*:|\[[^\]]*\]", "", title, flags=re.IGNORECASE))
        if word not in _NOISE
    ]
    made = "-".join(said[:4])[:45].strip("-") or capabilities[0]["name"].split(".")[0].replace("_", "-")[:40]
    made = made if made[0].isalpha() else f"n-{made}"
    return made if len(made) >= 3 else f"{made}-service"


def _title_words(title: str) -> list[str]:
    """The words of a title as they are written: `GitHub` is one."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z0-9]+", plain.lower())


def capability(one: Chosen, names: list[str], routes: list[str]) -> dict[str, Any]:
    """The capability for an operation, under a name and a route that are not taken."""
    method, path = one.listed.method, one.listed.path
    operation = one.details.get("operation")
    operation = operation if isinstance(operation, dict) else {}
    identifier = str(operation.get("operationId") or one.listed.operation_id)
    said = str(operation.get("summary") or operation.get("description") or one.listed.summary)
    route = naming.route(path)
    while f"{method} {route}" in routes:
        head, _, number = route.rpartition("-again")
        route = f"{head}-again{int(number) + 1}" if head and number.isdigit() else f"{_fixed_end(route)}-again2"
    name = distinct(naming.capability(method, path, identifier), names)
    return {
        "name": name,
        "description": sentence(said, " ".join(words(identifier)) or f"{method} {path}", 300),
        "method": method,
        "route": route,
        "operation": {"method": method, "path": path, "purpose": sentence(said, f"{method.upper()} {path}", 300)},
    }


def _fixed_end(route: str) -> str:
    """A route that ends in a fixed segment."""
    return f"{route}/call" if route.endswith("}") else route


def example(one: Chosen, route: str, wish: str) -> str | None:
    """A call of our route that only reads, with values that the request itself gives; None if it names none."""
    if one.listed.method != "get":
        return None
    parameters = [p for p in one.details.get("parameters") or [] if isinstance(p, dict)]
    if any(p.get("required") is True and p.get("in") != "path" for p in parameters):
        return None
    filled = route
    for public, wire in zip(PLACEHOLDER.findall(route), PLACEHOLDER.findall(one.listed.path), strict=False):
        value = _named_value(wire, wish)
        if value is None:
            return None
        filled = filled.replace(f"{{{public}}}", quote(value, safe=""), 1)
    return filled if re.fullmatch(r"/[A-Za-z0-9/_.~?=&%:-]*", filled) else None


def callable_as_it_is(one: Chosen) -> bool:
    """Whether an operation only reads and needs nothing to be given."""
    return example(one, naming.route(one.listed.path), "") is not None


def _named_value(parameter: str, wish: str) -> str | None:
    """The value that a request gives a parameter: `namespace "default"`, `the default namespace`, `owner: octo`."""
    spoken = r"[\s_.-]*".join(map(re.escape, words(parameter)))
    bare = r"[\s_.-]*".join(
        map(re.escape, [w for w in words(parameter) if w not in ("id", "name")] or words(parameter))
    )
    for pattern in (
        rf"\b(?:{spoken}|{bare})\s*(?:named|called|is|of|=|:)?\s*[\"'`\u201c]([A-Za-z0-9._~-]{{1,80}})[\"'`\u201d]",
        rf"\b{spoken}\s*[=:]\s*([A-Za-z0-9._~-]{{1,80}}[A-Za-z0-9_~-]|[A-Za-z0-9])",
        rf"[\"'`\u201c]([A-Za-z0-9._~-]{{1,80}})[\"'`\u201d]\s+{bare}\b",
        rf"\bthe (default) {bare}\b",
    ):
        if (found := re.search(pattern, wish, re.IGNORECASE)) and found.group(1) not in (".", ".."):
            return found.group(1)
    return None


def secrets_of(chosen: list[Chosen]) -> list[dict[str, Any]]:
    """The secrets that the operations need, by environment name."""
    made: dict[str, dict[str, Any]] = {}
    for mine in credentials([one.details for one in chosen]):
        for one in mine:
            what = {"bearer": "Token", "basic": "Login"}.get(one.kind, "Key")
            for variable in one.variables:
                made[variable] = {"name": variable, "description": f"{what} for the API.", "required": True}
    return list(made.values())[:10]


def needs(facts: Facts) -> list[dict[str, str]]:
    """Other integrations that the request says it needs, each as `[simulate: needs NAME RANGE]`."""
    found = dict(re.findall(r"\[simulate: needs ([a-z][a-z0-9-]*) ([^\]]+)\]", facts.first))
    return [{"name": name, "version_range": wanted} for name, wanted in found.items()]


def plan(facts: Facts, chosen: list[Chosen], url: str) -> dict[str, Any]:
    """The plan for the chosen operations."""
    capabilities: list[dict[str, Any]] = []
    for one in chosen:
        made = capability(one, [c["name"] for c in capabilities], [f"{c['method']} {c['route']}" for c in capabilities])
        if shown := example(one, made["route"], facts.wish):
            made["example"] = shown
        capabilities.append(made)
    does = [ascii_text(capability["description"], 200).rstrip(".") for capability in capabilities]
    marks = "".join(f" [simulate: {switch}]" for switch in sorted(facts.switches - {"refuse"}))
    acceptance = [
        f"`{c['method'].upper()} {c['route']}` answers what the API answers to its operation." for c in capabilities
    ]
    acceptance.append(f"An error of the API becomes 502, and its 404 stays a 404.{marks}")
    return {
        "name": name(facts, capabilities),
        "summary": sentence("; ".join(does), "An integration", 500),
        "base_url": url,
        "capabilities": capabilities,
        "dependencies": needs(facts),
        "hosts": [host(url)],
        "configuration": [],
        "secrets": secrets_of(chosen),
        "acceptance": acceptance[:20],
    }


def mended(proposal: dict[str, Any], complaint: str) -> dict[str, Any]:
    """A plan without what was complained about: examples, descriptions and names made plainer."""
    capabilities = []
    for at, capability in enumerate(proposal["capabilities"], 1):
        fixed = {key: value for key, value in capability.items() if key != "example"}
        if "route" in complaint:
            segments = [
                s if s.startswith("{") else escaped(snake(s), ()) for s in capability["route"].strip("/").split("/")
            ]
            fixed["route"] = f"/operation-{at}/" + "/".join(segments)
        if re.search(r"capabilities\.\d+\.name|capability named twice", complaint):
            fixed["name"] = f"operations.call_{at}"
        capabilities.append(fixed)
    first = host(proposal["base_url"])
    result = {**proposal, "capabilities": capabilities, "hosts": [first], "configuration": []}
    if re.search(r"(^|[\s;:])name:", complaint):
        result["name"] = "integration-" + naming.snake(proposal["name"], "one", 30).replace("_", "-")
    return result
