"""Which operations a request asks for: those it names, else those whose words it uses."""

import math
import re
from dataclasses import dataclass

from simulators.claude.brain.naming import VERSION_SEGMENT, words
from simulators.claude.brain.reading import Listed

MAX_CHOSEN = 8
_MENTION = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE)\s+`?(/[^\s`,;\"')]*)", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[/.-][A-Za-z0-9_-]+)*")
_CLAUSE = re.compile(r"[.;:!?](?:\s|$)|\n|,|\band\b|\bor\b|\bthen\b|\balso\b|\bplus\b|\bas well as\b", re.IGNORECASE)
_STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "for",
        "to",
        "in",
        "on",
        "at",
        "by",
        "from",
        "with",
        "without",
        "into",
        "we",
        "i",
        "you",
        "it",
        "its",
        "our",
        "your",
        "their",
        "this",
        "that",
        "these",
        "those",
        "which",
        "what",
        "when",
        "where",
        "who",
        "how",
        "is",
        "are",
        "be",
        "been",
        "was",
        "were",
        "will",
        "would",
        "should",
        "could",
        "can",
        "may",
        "must",
        "do",
        "does",
        "not",
        "no",
        "yes",
        "so",
        "than",
        "as",
        "if",
        "all",
        "any",
        "each",
        "every",
        "some",
        "one",
        "two",
        "other",
        "new",
        "please",
        "need",
        "needs",
        "needed",
        "want",
        "wants",
        "wanted",
        "like",
        "use",
        "uses",
        "used",
        "using",
        "build",
        "make",
        "made",
        "integration",
        "integrations",
        "integrate",
        "service",
        "api",
        "rest",
        "http",
        "https",
        "endpoint",
        "endpoints",
        "request",
        "requests",
        "able",
        "ability",
        "let",
        "lets",
        "us",
        "me",
        "my",
        "able",
        "there",
        "here",
        "have",
        "has",
        "had",
        "only",
        "just",
        "also",
        "etc",
        "e.g",
        "i.e",
        "ie",
        "eg",
        "via",
        "per",
        "call",
        "calls",
        "base",
        "url",
        "simulate",
        "thanks",
        "thank",
        "hello",
        "hi",
        "platform",
        "team",
        "tool",
        "tools",
        "between",
        "single",
        "simple",
        "small",
        "about",
        "and",
        "or",
        "key",
        "keys",
        "value",
        "values",
    ]
)
_VERBS = {
    "get": {"get", "list", "read", "show", "fetch", "describe", "retrieve", "view", "see", "find", "search", "look", "lookup",
            "count", "query", "display", "poll", "browse", "check", "know", "watch"},
    "post": {"post", "create", "add", "start", "register", "send", "submit", "open", "signal", "cancel", "terminate", "run",
             "trigger", "make", "upload", "reset", "pause", "unpause"},
    "put": {"put", "update", "replace", "set", "change", "add", "edit"},
    "patch": {"patch", "update", "edit", "modify", "change", "rename", "close"},
    "delete": {"delete", "remove", "drop", "destroy", "unregister", "clear", "cancel"},
}  # fmt: skip
_ALL_VERBS = frozenset().union(*_VERBS.values())
_MUTATING = frozenset().union(*(_VERBS[method] for method in ("post", "put", "patch", "delete"))) - _VERBS["get"]


@dataclass(frozen=True)
class Choice:
    """The operations chosen, and whether the request named them."""

    operations: list[Listed]
    named: bool


_SHORT = {
    "repository": "repo", "organization": "org", "organisation": "org", "configuration": "config",
    "information": "info", "application": "app", "environment": "env", "parameter": "param", "message": "msg",
}  # fmt: skip


def stem(word: str) -> str:
    """A word without its plural and without the endings of its verb forms, and in its short form."""
    bare = _singular(word)
    return _SHORT.get(bare, bare)


def _singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("xes", "x")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    if word.endswith("ing") and len(word) > 6:
        return word[:-3]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def _meaning(text: str) -> list[str]:
    return [stem(word) for word in words(text) if word not in _STOP and not word.isdigit() and len(word) > 1]


def mentions(text: str) -> list[tuple[str, str]]:
    """What a request names outright: methods and paths."""
    return [(method.lower(), path.rstrip(".:")) for method, path in _MENTION.findall(text)]


def unseen(text: str, candidates: list[Listed]) -> list[Listed]:
    """What a request names in full and no search showed: it may exist all the same."""
    shown = [(one.method, _shape(one.path)) for one in candidates]
    return [
        Listed(method, path)
        for method, path in mentions(text)
        if not any(method == known and shape.endswith(_shape(path)) for known, shape in shown)
    ]


def queries(text: str) -> list[str]:
    """What to search for: each clause by its words, then each word, without repeats."""
    found: list[str] = [path for _, path in mentions(text)]
    found += [name for name in _IDENTIFIER.findall(text) if re.search(r"[a-z][A-Z]|_|/", name)][:10]
    for clause in _CLAUSE.split(text):
        said = [word for word in words(clause) if word not in _STOP and len(word) > 1]
        if 0 < len(said) <= 12:
            found.append(" ".join(said[:6]))
    nouns = [word for word in words(text) if word not in _STOP and stem(word) not in _ALL_VERBS and len(word) > 2]
    found += list(dict.fromkeys(stem(word) for word in nouns))
    return [query[:300] for query in dict.fromkeys(found) if query.strip()][:14]


def choose(text: str, candidates: list[Listed]) -> Choice:
    """The operations that `text` asks for, best first by the order in which it asks; none if nothing fits."""
    unique = list({(one.method, one.path): one for one in candidates}.values())
    if named := _named(text, unique):
        return Choice(named[:MAX_CHOSEN], True)
    known = {(one.method, one.path): _vocabulary(one) for one in unique}
    total = len(unique) or 1
    frequency: dict[str, int] = {}
    for strong, weak in known.values():
        for word in strong | weak:
            frequency[word] = frequency.get(word, 0) + 1
    weight = {word: math.log(1 + total / count) for word, count in frequency.items()}
    topic = set(_meaning(text))
    chosen: list[Listed] = []
    for implied in ("", "list get "):  # a request without a verb wants to read
        subject: set[str] = set()
        for clause in _CLAUSE.split(text) if not chosen else ():
            best, subject = _best(implied + clause, subject, topic, unique, known, weight)
            if best is not None and best.operation_id not in [one.operation_id for one in chosen if one.operation_id]:
                chosen.append(best)
    return Choice(list({(one.method, one.path): one for one in chosen}.values())[:MAX_CHOSEN], False)


def _named(text: str, candidates: list[Listed]) -> list[Listed]:
    found: list[tuple[int, Listed]] = []
    for match in _MENTION.finditer(text):
        method, path = match.group(1).lower(), match.group(2).rstrip(".:")
        exact = [one for one in candidates if one.method == method and one.path.rstrip("/") == path.rstrip("/")]
        alike = [one for one in candidates if one.method == method and _shape(one.path) == _shape(path)]
        ends = [one for one in candidates if one.method == method and _shape(one.path).endswith(_shape(path))]
        found += [(match.start(), one) for one in (exact or alike or sorted(ends, key=lambda o: len(o.path)))[:1]]
    for match in _IDENTIFIER.finditer(text):
        name = match.group()
        single = not re.search(r"[a-z][A-Z]|[_/.-]", name)
        marked = text[max(0, match.start() - 1) : match.start()] == "`"
        if single and not marked:
            continue
        same = next((one for one in candidates if one.operation_id.lower() == name.lower()), None)
        if same is not None and same.operation_id not in [one.operation_id for _, one in found]:
            found.append((match.start(), same))
    return list({(one.method, one.path): one for _, one in sorted(found, key=lambda pair: pair[0])}.values())


def _shape(path: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", path).rstrip("/").lower()


def _vocabulary(one: Listed) -> tuple[set[str], set[str]]:
    """The words an operation is known by: in its id and path, and in its summary."""
    fixed = [part for part in one.path.split("/") if not VERSION_SEGMENT.match(part)]
    strong = set(_meaning(one.operation_id)) | {w for part in fixed if "{" not in part for w in _meaning(part)}
    weak = set(_meaning(one.summary)) | {w for part in fixed if "{" in part for w in _meaning(part)}
    return strong, weak - strong


def _best(
    clause: str,
    subject: set[str],
    topic: set[str],
    candidates: list[Listed],
    known: dict[tuple[str, str], tuple[set[str], set[str]]],
    weight: dict[str, float],
) -> tuple[Listed | None, set[str]]:
    """The operation that fits a clause, and the nouns the next clause may mean by leaving them out."""
    said = set(_meaning(clause))
    verbs = said & _ALL_VERBS
    nouns = said - _ALL_VERBS
    if not verbs:
        return None, subject
    wanted = nouns or subject
    methods = {method for method, list_ in _VERBS.items() if verbs & list_}
    best: tuple[float, Listed] | None = None
    for one in candidates:
        strong, weak = known[(one.method, one.path)]
        hits = wanted & strong
        covered = len(wanted & (strong | weak)) / (len(wanted) or 1)
        if one.method not in methods or not (hits or covered >= 0.6):
            continue
        score = sum(weight[word] for word in hits) + 0.4 * sum(weight[word] for word in wanted & weak)
        score += 1.5 * len(verbs & strong)
        score -= 0.35 * len(strong - said - topic - _ALL_VERBS) + 0.05 * len(
            [p for p in one.path.split("/") if p and not VERSION_SEGMENT.match(p)]
        )
        score -= 0.6 * len((strong & _MUTATING) - said)
        plural = any(word.endswith("s") and stem(word) in hits for word in words(clause))
        ends_open = one.path.rstrip("/").endswith("}")
        score += 0.5 if plural != ends_open and one.method == "get" else 0.0
        score -= 2.0 if "deprecated" in strong | weak else 0.0
        if best is None or score > best[0] + 1e-9:
            best = (score, one)
    return (best[1] if best is not None and best[0] > 0 else None), nouns or subject
