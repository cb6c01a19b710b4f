"""How an API wants to be authenticated with: secrets' names at planning, headers and queries at writing."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from simulators.claude.brain.naming import words


@dataclass(frozen=True)
class Credential:
    """One way to authenticate. `variables` are the environment's names; `field` the header or query parameter."""

    kind: Literal["bearer", "basic", "header", "query"]
    variables: tuple[str, ...]
    field: str = ""


def _kind(scheme: object) -> tuple[Literal["bearer", "basic", "header", "query"], str] | None:
    if not isinstance(scheme, dict):
        return None
    kind = str(scheme.get("type", "")).lower()
    if kind == "http":
        return ("basic", "") if str(scheme.get("scheme", "")).lower() == "basic" else ("bearer", "")
    if kind in ("oauth2", "openidconnect"):
        return "bearer", ""
    field = str(scheme.get("name", ""))
    if kind == "apikey" and scheme.get("in") == "query" and field:
        return "query", field
    if kind == "apikey" and scheme.get("in") == "header" and re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_|~-]+", field):
        return "header", field
    return None


def _wanted(details: dict[str, Any]) -> list[str]:
    """The names of the schemes to use for an operation: the first alternative we can do, or none."""
    schemes = details.get("security_schemes")
    schemes = schemes if isinstance(schemes, dict) else {}
    operation = details.get("operation")
    security = operation.get("security") if isinstance(operation, dict) else None
    security = details.get("security") if security is None else security
    if security is None:
        known = {name: kind for name in schemes if (kind := _kind(schemes[name]))}
        keys = [name for name, (kind, _) in known.items() if kind in ("header", "query")]
        # The document's own rule is not shown here. Several keys mostly go together; other schemes are alternatives.
        return keys if len(keys) == len(known) else list(known)[:1]
    for alternative in security if isinstance(security, list) else []:
        if isinstance(alternative, dict) and alternative and all(_kind(schemes.get(name)) for name in alternative):
            return list(alternative)
    return []


def credentials(operations: list[dict[str, Any]], allowed: list[str] | None = None) -> list[tuple[Credential, ...]]:
    """What each operation authenticates with, named alike over all of them. Only `allowed` secrets, if given."""
    made: dict[str, Credential] = {}
    taken: set[str] = set()
    result: list[tuple[Credential, ...]] = []
    for details in operations:
        mine: list[Credential] = []
        for name in _wanted(details):
            kind, field = _kind(details["security_schemes"][name]) or ("bearer", "")
            same = next((c for c in made.values() if (c.kind, c.field) == (kind, field)), None)
            if name not in made:
                made[name] = same or Credential(kind, _variables(kind, name, taken), field)
            taken.update(made[name].variables)
            mine.append(made[name])
        kept = [one for one in mine if allowed is None or set(one.variables) <= set(allowed)]
        result.append(tuple(dict.fromkeys(kept)))
    return result


def _variables(kind: str, scheme: str, taken: set[str]) -> tuple[str, ...]:
    plain = {"bearer": ("API_TOKEN",), "basic": ("API_USERNAME", "API_PASSWORD")}.get(kind, ("API_KEY",))
    if not set(plain) & taken:
        return plain
    stem = "_".join(words(scheme)).upper()[:40] or "OTHER"
    stem = stem if stem[0].isalpha() else f"API_{stem}"
    made = tuple(stem if stem.endswith(ending := name.removeprefix("API_")) else f"{stem}_{ending}" for name in plain)
    number = 2
    while set(made) & taken:
        made = tuple(f"{stem}_{number}_{name.removeprefix('API_')}" for name in plain)
        number += 1
    return made
