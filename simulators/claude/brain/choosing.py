"""Which operations a request asks for: those it names, else those whose words it uses."""

import re
from dataclasses import dataclass

from simulators.claude.brain.naming import VERSION_SEGMENT, words
from simulators.claude.brain.reading import Listed
from simulators.claude.brain.scoring import Scorer, clauses, split
from simulators.claude.brain.vocabulary import ALL_VERBS, STOP, stem

MAX_CHOSEN = 8
MAX_QUERIES = 14
_MENTION = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE)\s+`?(/[^\s`,;\"')]*)", re.IGNORECASE)
_GENERAL = re.compile(
    r"\b(main|most important|usual|basic|common|typical)\s+(read(ing)?[- ]?(only)?\s+)?"
    r"(operations|endpoints|capabilities)\b",
    re.IGNORECASE,
)
_POINT = re.compile(r"^\s*[-*]\s+(.+)$", re.MULTILINE)
_SHOWN_WORDS = 12
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[/.-][A-Za-z0-9_-]+)*")


@dataclass(frozen=True)
class Choice:
    """The operations chosen, and whether the request named them."""

    operations: list[Listed]
    named: bool


def mentions(text: str) -> list[tuple[str, str]]:
    """What a request names outright: methods and paths."""
    return [(method.lower(), path.rstrip(".:")) for method, path in _MENTION.findall(text)]


def is_general(text: str) -> bool:
    """Whether a request leaves to us which operations: it wants the main ones."""
    return bool(_GENERAL.search(text)) and not mentions(text)


def main_reads(candidates: list[Listed]) -> list[Listed]:
    """The operations that say most with least: those that read, need nothing to be known before, and stand high up."""

    def rank(one: Listed) -> tuple[bool, int, bool, int, str]:
        parts = [part for part in one.path.split("/") if part and not VERSION_SEGMENT.match(part)]
        versioned = any(map(VERSION_SEGMENT.match, one.path.split("/")))
        old = "deprecated" in f"{one.path} {one.summary}".lower()
        return old, one.path.count("{"), not versioned, len(parts), one.path

    reads = [one for one in candidates if one.method == "get"] or candidates
    found: list[Listed] = []
    for one in sorted(reads, key=rank):
        if not any(_same(one, other) for other in found):
            found.append(one)
    return found[:MAX_CHOSEN]


def unseen(text: str, candidates: list[Listed]) -> list[Listed]:
    """What a request names in full and no search showed: it may exist all the same."""
    shown = [(one.method, _shape(one.path)) for one in candidates]
    return [
        Listed(method, path)
        for method, path in mentions(text)
        if not any(method == known and shape.endswith(_shape(path)) for known, shape in shown)
    ]


def queries(text: str) -> list[str]:
    """What to search for: what is named, each clause by its words, then each word; without repeats."""
    found: list[str] = [path for _, path in mentions(text)]
    found += [name for name in _IDENTIFIER.findall(text) if re.search(r"[a-z][A-Z]|_|/", name)][:10]
    for clause in split(text):
        said = [word for word in words(clause) if word not in STOP and len(word) > 1]
        if 0 < len(said) <= 12:
            found.append(" ".join(said[:6]))
    nouns = [word for word in words(text) if word not in STOP and stem(word) not in ALL_VERBS and len(word) > 2]
    found += list(dict.fromkeys(stem(word) for word in nouns))
    return [query[:300] for query in dict.fromkeys(found) if query.strip()][:MAX_QUERIES]


def choose(text: str, candidates: list[Listed]) -> Choice:
    """The operations that `text` asks for, in the order in which it asks; none if nothing fits."""
    places = {(one.method, one.path): one for one in candidates}
    # Documents list an operation twice, with and without a version in the path: the one with it is the stable address.
    unique = sorted(places.values(), key=lambda one: not any(map(VERSION_SEGMENT.match, one.path.split("/"))))
    if named := _named(text, unique):
        return Choice(named[:MAX_CHOSEN], True)
    chosen, left = _in_their_words(text, unique)
    if chosen:
        text = left
    scorer = Scorer(text, unique)
    for implied in ("", "list get"):  # a request without a verb wants to read
        for clause in clauses(text, implied=implied) if not chosen or (left and not implied) else ():
            best = scorer.best(clause)
            if best is not None and not any(_same(best, one) for one in chosen):
                chosen.append(best)
    return Choice(chosen[:MAX_CHOSEN], False)


def _in_their_words(text: str, candidates: list[Listed]) -> tuple[list[Listed], str]:
    """The operations that points of a list describe as the document does, and the other points of that list."""
    described: dict[tuple[str, ...], Listed] = {}
    for one in candidates:
        if said := _as_said(one.summary):
            described.setdefault(said, one)
    found: list[Listed] = []
    left: list[str] = []
    for point in _POINT.findall(text):
        same = described.get(_as_said(point))
        if same is None:
            left.append(point)
        elif not any(_same(same, one) for one in found):
            found.append(same)
    return found, "\n".join(left)


def _as_said(text: str) -> tuple[str, ...]:
    """The first sentence by its words, as far as lists of operations show it."""
    return tuple(words(re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]))[:_SHOWN_WORDS]


def _same(one: Listed, other: Listed) -> bool:
    return one == other or (one.operation_id != "" and one.operation_id == other.operation_id)


def _named(text: str, candidates: list[Listed]) -> list[Listed]:
    found: list[tuple[int, Listed]] = []
    for match in _MENTION.finditer(text):
        method, path = match.group(1).lower(), match.group(2).rstrip(".:")
        alike = [one for one in candidates if one.method == method and _shape(one.path).endswith(_shape(path))]
        alike.sort(key=lambda one: (one.path.rstrip("/") != path.rstrip("/"), len(_shape(one.path))))
        found += [(match.start(), one) for one in alike[:1]]
    for match in _IDENTIFIER.finditer(text):
        name = match.group()
        plain = not re.search(r"[a-z][A-Z]|[_/.-]", name)
        if plain and text[max(0, match.start() - 1) : match.start()] != "`":
            continue
        same = next((one for one in candidates if one.operation_id.lower() == name.lower()), None)
        if same is not None and not any(_same(same, one) for _, one in found):
            found.append((match.start(), same))
    return list(dict.fromkeys(one for _, one in sorted(found, key=lambda pair: pair[0])))


def _shape(path: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", path).rstrip("/").lower()
