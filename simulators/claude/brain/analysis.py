"""Analysis: search, read what was chosen, plan; or refuse with a reason that helps."""

import re
from typing import Any

from simulators.claude.brain import planning
from simulators.claude.brain.choosing import choose, is_general, main_reads, mentions, queries, unseen
from simulators.claude.brain.moves import Move
from simulators.claude.brain.naming import ascii_text
from simulators.claude.brain.planning import Chosen
from simulators.claude.brain.reading import Call, Facts, Listed, listed, operations_read, plan_in
from simulators.claude.brain.updating import revise

_MAX_PLANS = 3
_MAIN = 4


def analyse(facts: Facts) -> Move:
    """The next turn of an analysis."""
    if "refuse" in facts.switches:
        return _refusal("This request is one that I was asked to refuse.", "Ask without the phrase that simulates it.")
    if plans := facts.of("submit_plan"):
        return _after(plans)
    wish = _plain(facts.wish)
    if (earlier := plan_in(facts.trusted)) is not None:
        return revise(facts, wish, earlier)
    searches, reads = facts.of("search_operations"), facts.of("read_operation")
    named = mentions(wish)
    if not searches and not reads and "one-turn" in facts.switches and named:
        calls = [("read_operation", {"method": method, "path": path}) for method, path in named[:10]]
        return Move("The request names its operations; reading them.", calls)
    hurried = [call for call in reads if not call.failed] if "one-turn" in facts.switches and not searches else []
    if hurried:
        return _planned(facts, [Listed(str(c.input["method"]), str(c.input["path"])) for c in hurried])
    general = is_general(wish)
    if not searches and not facts.index_is_whole:
        asked = ["", "list", "get status"] if general else queries(wish) or [""]
        return Move(
            "Looking for the operations that the request needs.",
            [("search_operations", {"query": query, "limit": 20 if query else 100}) for query in asked],
        )
    candidates = [one for call in searches for one in listed(call.answer)] + facts.index + listed(facts.trusted)
    tried = {(call.input.get("method"), call.input.get("path")) for call in reads if call.failed}
    candidates += [one for one in unseen(wish, candidates) if (one.method, one.path) not in tried]
    chosen = main_reads(candidates) if general else choose(wish, candidates).operations
    if not chosen:
        return _widened(searches, candidates)
    return _read_or_plan(facts, chosen, reads)


def _read_or_plan(facts: Facts, chosen: list[Listed], reads: list[Call]) -> Move:
    asked = {(str(call.input.get("method")).lower(), str(call.input.get("path"))) for call in reads}
    unread = [one for one in chosen if (one.method, one.path) not in asked]
    if unread and "one-turn" not in facts.switches:
        return Move(
            f"These fit: {', '.join(f'{one.method.upper()} {one.path}' for one in chosen)}. Reading them.",
            [("read_operation", {"method": one.method, "path": one.path}) for one in unread],
        )
    failed = {(str(c.input.get("method")).lower(), str(c.input.get("path"))) for c in reads if c.failed}
    usable = [one for one in chosen if (one.method, one.path) not in failed]
    return _planned(facts, usable)


def _planned(facts: Facts, operations: list[Listed]) -> Move:
    read = operations_read(facts)
    chosen = [Chosen(one, read.get((one.method, one.path), {})) for one in operations]
    if is_general(_plain(facts.wish)):
        chosen = sorted(chosen, key=lambda one: not planning.callable_as_it_is(one))[:_MAIN]
    url = planning.base_url(facts, chosen)
    if not chosen:
        return _refusal("None of the operations that fit could be read.", "Check the API document.")
    if url is None:
        return _refusal("Neither the request nor the API document says where the API lives.", "Give a base URL.")
    text = f"The plan: {len(chosen)} {'capability' if len(chosen) == 1 else 'capabilities'} on {planning.host(url)}."
    return Move(text, [("submit_plan", planning.plan(facts, chosen, url))])


def _after(plans: list[Call]) -> Move:
    last = plans[-1]
    if not last.failed:
        return Move("The plan is handed in.")
    if len(plans) >= _MAX_PLANS:
        return _refusal(
            ascii_text(f"No valid plan could be made of this request: {last.answer}", 900), "Ask for fewer operations."
        )
    proposal: dict[str, Any] = last.input
    return Move("The plan was not valid; mending it.", [("submit_plan", planning.mended(proposal, last.answer or ""))])


def _widened(searches: list[Call], candidates: list[Listed]) -> Move:
    if not any(call.input.get("query") == "" for call in searches):
        return Move("Nothing fits yet; looking at what there is.", [("search_operations", {"query": "", "limit": 100})])
    some = ", ".join(f"`{one.method.upper()} {one.path}`" for one in candidates[:5])
    return _refusal(
        "No operation of this API does what the request asks for."
        if candidates
        else "No operation was found in this API's document.",
        f"Name the operations that are wanted, by method and path. The document has, for example: {some}."[:1000]
        if some
        else "Give a document that has the operations that are wanted.",
    )


def _refusal(reason: str, suggestion: str) -> Move:
    return Move("This cannot be done as asked.", [("refuse", {"reason": reason, "suggestion": suggestion})])


def _plain(wish: str) -> str:
    """The wish without phrases for the simulator and addresses, whose words are about something else."""
    return re.sub(r"\[simulate:[^\]]*\]|https?://\S+", " ", wish, flags=re.IGNORECASE)
