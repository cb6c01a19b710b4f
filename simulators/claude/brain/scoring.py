"""How well an operation fits a clause of a request: shared words, weighed by how rare they are in the document."""

import math
import re
from collections import Counter
from dataclasses import dataclass

from simulators.claude.brain.naming import VERSION_SEGMENT, words
from simulators.claude.brain.reading import Listed
from simulators.claude.brain.vocabulary import ALL_VERBS, CHANGING, STOP, VERBS, meaning, stem

_SHORT_CLAUSE = 4
_CLAUSE = re.compile(
    r"[.;:!?](?:\s|$)|\n|,|\band\b|\bor\b|\bthen\b|\balso\b|\bplus\b|\bas well as\b|\bso that\b|\bwithout\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Clause:
    """A piece of a request: what is to be done, and to what."""

    text: str
    verbs: frozenset[str]
    nouns: frozenset[str]


@dataclass(frozen=True)
class _Known:
    """The words an operation is known by: `strong` in its id and path, `weak` in its summary, `last` at its end."""

    strong: frozenset[str]
    weak: frozenset[str]
    last: frozenset[str]
    plural: bool
    ends_open: bool
    length: int


def split(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(text) if clause and clause.strip()]


def clauses(text: str, *, implied: str = "") -> list[Clause]:
    """The clauses with a verb. One that leaves its nouns out means the last ones before, or else the next after it."""
    made = []
    for piece in split(text):
        said = frozenset(meaning(f"{implied} {piece}"))
        made.append(Clause(piece, said & ALL_VERBS, said - ALL_VERBS))
    result = []
    for at, clause in enumerate(made):
        nouns = clause.nouns
        if not nouns and len([w for w in words(clause.text) if w not in STOP]) <= _SHORT_CLAUSE:
            after = next((one.nouns for one in made[at + 1 :] if one.nouns), frozenset())
            before = next((one.nouns for one in reversed(made[:at]) if one.nouns and one.verbs), frozenset())
            pronoun = {"it", "them", "they", "those"} & set(words(clause.text))
            nouns = before if pronoun or not after else after
        if clause.verbs and nouns:
            result.append(Clause(clause.text, clause.verbs, nouns))
    return result


class Scorer:
    """Scores the operations of one document against the clauses of one request."""

    def __init__(self, text: str, operations: list[Listed]) -> None:
        self._topic = frozenset(meaning(text))
        self._known = {one: _known(one) for one in operations}
        counts = Counter(word for known in self._known.values() for word in known.strong | known.weak)
        self._weight = {word: math.log(1 + len(operations) / count) for word, count in counts.items()}

    def best(self, clause: Clause) -> Listed | None:
        """The operation that fits best, if any fits at all; of equals the first."""
        scores = {one: score for one in self._known if (score := self._score(clause, one)) > 0}
        return max(scores, key=lambda one: round(scores[one], 6), default=None)

    def _score(self, clause: Clause, one: Listed) -> float:
        known = self._known[one]
        hits = clause.nouns & known.strong
        covered = len(clause.nouns & (known.strong | known.weak)) / len(clause.nouns)
        if not clause.verbs & VERBS.get(one.method, frozenset()) or not (hits or covered >= 0.6):
            return 0.0
        said = clause.verbs | clause.nouns
        score = sum(self._weight[word] for word in hits)
        score += 0.4 * sum(self._weight[word] for word in clause.nouns & known.weak)
        score += 1.5 * len(clause.verbs & known.strong)
        score += 1.5 if known.last and known.last <= said else 0.0
        score -= 0.35 * len(known.strong - said - self._topic - ALL_VERBS) + 0.05 * known.length
        score -= 0.6 * len((known.strong & CHANGING) - said)
        score -= 2.0 if "deprecated" in known.strong | known.weak else 0.0
        if one.method == "get":
            many = any(word.endswith("s") and stem(word) in hits for word in words(clause.text))
            score += 0.5 if known.ends_open == (known.plural and not many) else 0.0
        return score


def _known(one: Listed) -> _Known:
    parts = [part for part in one.path.split("/") if part and not VERSION_SEGMENT.match(part)]
    fixed = [part for part in parts if "{" not in part]
    strong = frozenset(meaning(one.operation_id)) | frozenset(w for part in fixed for w in meaning(part))
    weak = frozenset(meaning(one.summary)) | frozenset(w for part in parts if "{" in part for w in meaning(part))
    return _Known(
        strong=strong,
        weak=weak - strong,
        last=frozenset(meaning(fixed[-1])) if fixed else frozenset(),
        plural=bool(fixed) and fixed[-1].endswith("s"),
        ends_open=one.path.rstrip("/").endswith("}"),
        length=len(parts),
    )
