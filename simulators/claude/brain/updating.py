"""An update's plan: the earlier one carried over, with what the request adds, renames or takes away."""

import re
from typing import Any

from simulators.claude.brain import planning
from simulators.claude.brain.choosing import choose, mentions, queries, unseen
from simulators.claude.brain.moves import Move
from simulators.claude.brain.naming import ascii_text
from simulators.claude.brain.planning import Chosen
from simulators.claude.brain.reading import Facts, Listed, listed, operations_read

_MORE = re.compile(r"\b(add|also|new|more|offer|extend)\b", re.IGNORECASE)
_NAME = r"[`\"']?([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)[`\"']?"
_RENAMED = re.compile(rf"\brename\s+(?:the\s+)?(?:capability\s+)?{_NAME}\s+(?:to|as)\s+{_NAME}", re.IGNORECASE)
_REMOVED = re.compile(rf"\b(?:remove|drop)\s+(?:the\s+)?(?:capability\s+)?{_NAME}", re.IGNORECASE)
_MAX_ACCEPTANCE, _MAX_CAPABILITIES = 20, 25

Json = dict[str, Any]


def revise(facts: Facts, wish: str, earlier: Json) -> Move:
    """The next turn of an analysis that goes out from an earlier plan."""
    searches, reads = facts.of("search_operations"), facts.of("read_operation")
    wants_more = bool(mentions(wish) or _MORE.search(wish))
    if wants_more and not searches and not facts.index_is_whole:
        asked = [("search_operations", {"query": query, "limit": 20}) for query in queries(wish) or [""]]
        return Move("Looking for what the update adds.", asked)
    candidates = [one for call in searches for one in listed(call.answer)] + facts.index
    candidates += unseen(wish, candidates)
    kept = [(one, _heir(one, candidates, whole=facts.index_is_whole)) for one in _wanted(earlier, wish)]
    places = {(one.method, one.path) for _, one in kept if one is not None}
    new = choose(wish, candidates).operations if wants_more else []
    new = [one for one in new if (one.method, one.path) not in places]
    asked_for = {(str(call.input.get("method")), str(call.input.get("path"))) for call in reads}
    unread = [one for one in [*(one for _, one in kept if one), *new] if (one.method, one.path) not in asked_for]
    if unread:
        calls = [("read_operation", {"method": one.method, "path": one.path}) for one in unread]
        return Move("Reading the operations of the earlier plan, and those that it lacks.", calls)
    failed = {(str(call.input.get("method")), str(call.input.get("path"))) for call in reads if call.failed}
    there = [(one, place) for one, place in kept if place and (place.method, place.path) not in failed]
    added = [one for one in new if (one.method, one.path) not in failed]
    return _planned(facts, wish, earlier, there, added)


def _planned(facts: Facts, wish: str, earlier: Json, kept: list[tuple[Json, Listed]], added: list[Listed]) -> Move:
    capabilities = [
        one | {"operation": one["operation"] | {"method": place.method, "path": place.path}} for one, place in kept
    ]
    gone = {f"{one['method'].upper()} {one['route']}" for one in earlier["capabilities"]}
    gone -= {f"{one['method'].upper()} {one['route']}" for one in capabilities}
    read = operations_read(facts)
    chosen = [Chosen(one, read.get((one.method, one.path), {})) for one in added]
    for one in chosen[: _MAX_CAPABILITIES - len(capabilities)]:
        names = [c["name"] for c in capabilities]
        made = planning.capability(one, names, [f"{c['method']} {c['route']}" for c in capabilities])
        example = planning.example(one, made["route"], facts.wish)
        capabilities.append(made | ({"example": example} if example else {}))
    if not capabilities:
        reason = "Nothing would be left of the integration."
        return Move(reason, [("refuse", {"reason": reason, "suggestion": "Retire it instead."})])
    acceptance = [line for line in earlier["acceptance"] if not any(f"`{route}`" in line for route in gone)]
    new = [f"`{c['method'].upper()} {c['route']}` answers what the API answers." for c in capabilities[len(kept) :]]
    asked = ascii_text(" ".join(wish.split()), 300)
    secrets = {one["name"]: one for one in [*planning.secrets_of(chosen), *earlier.get("secrets", [])]}
    url = planning.base_url(facts, chosen) or earlier["base_url"]
    revised = earlier | {
        "capabilities": capabilities,
        "acceptance": [*acceptance, *new, f"Asked for: {asked}"][-_MAX_ACCEPTANCE:],
        "secrets": list(secrets.values())[:10],
        "base_url": url,
        "hosts": list(dict.fromkeys([planning.host(url), *earlier["hosts"]]))[:10],
    }
    return Move(f"The earlier plan, with {len(new)} new and {len(gone)} gone.", [("submit_plan", revised)])


def _wanted(earlier: Json, wish: str) -> list[Json]:
    """The earlier capabilities without those to be taken away, under the names that they shall have."""
    renamed = {old.lower(): new.lower() for old, new in _RENAMED.findall(wish)}
    removed = {name.lower() for name in _REMOVED.findall(wish)}
    return [
        one | {"name": renamed.get(one["name"], one["name"])}
        for one in earlier["capabilities"]
        if one["name"] not in removed
    ]


def _heir(capability: Json, candidates: list[Listed], *, whole: bool) -> Listed | None:
    """The operation behind a capability: where it was, or where it went; None if the document has it no more."""
    method, path = capability["operation"]["method"], capability["operation"]["path"]
    same = [one for one in candidates if one.method == method and _shape(one.path) == _shape(path)]
    moved = [one for one in candidates if one.method == method and _last(one.path) == _last(path)]
    if same or moved:
        return (same or moved)[0]
    return None if whole else Listed(method, path)


def _shape(path: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", path).rstrip("/").lower()


def _last(path: str) -> list[str]:
    """What a path is about, without version and placeholders: `/v2/cities/{id}` and `/cities/{key}` are alike."""
    parts = [part for part in _shape(path).split("/") if part and not re.fullmatch(r"v\d+(\.\d+)?|api", part)]
    return parts[-2:]
