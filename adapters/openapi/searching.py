"""Finding operations by words: BM25 over weighted fields, the same order for the same query every time."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from adapters.openapi.model import Operation
from adapters.openapi.references import items, text
from domain.text import shown

_WORD = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^A-Z]+|[A-Z]+")
_PLURAL_ES = ("sses", "shes", "ches", "xes", "zes")
_NOT_PLURAL = ("ss", "us", "is")
_SATURATION, _LENGTH_WEIGHT = 1.2, 0.5  # BM25's k1 and b; paths and ids are all short, so length says little
_RARITY_FLOOR = 0.25  # a word that most paths hold still counts
_NAMED_WEIGHT = 2.0
_DESCRIPTION_READ = 2000
_SUMMARY_SHOWN = 140


def words(written: str) -> list[str]:
    """`listNamespaces` and `/namespaces/{id}` have `namespace` in common."""
    parts = (part for word in _WORD.findall(written) for part in _CAMEL.findall(word))
    return [_singular(part.lower()) for part in parts]


def line(operation: Operation) -> str:
    """`METHOD path | operationId | summary`."""
    node = operation.node
    summary = text(node.get("summary")) or text(node.get("description"))
    told = " ".join(shown(summary[:_DESCRIPTION_READ]).split())
    if len(told) > _SUMMARY_SHOWN:
        told = told[: _SUMMARY_SHOWN - 1] + "…"
    identifier = " ".join(text(node.get("operationId"))[:200].split())
    return f"{operation.method.upper()} {operation.path} | {identifier} | {told}"


class Index:
    """Postings of all operations of one document."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._operations = operations
        self._postings: dict[str, list[tuple[int, float]]] = {}
        self._lengths: list[float] = []
        self._names = [set(words(_name(operation))) for operation in operations]
        for number, operation in enumerate(operations):
            weights = _weighted(operation)
            self._lengths.append(sum(weights.values()))
            for word, weight in weights.items():
                self._postings.setdefault(word, []).append((number, weight))
        self._mean = (sum(self._lengths) / len(self._lengths) if self._lengths else 0) or 1.0

    def search(self, query: str, limit: int) -> list[Operation]:
        """The best `limit` matches, best first; the first `limit` operations if the query has no words."""
        wanted = sorted(set(words(query)))
        if not wanted:
            return list(self._operations[:limit])
        scores: dict[int, float] = {}
        for word in wanted:
            for number, weight in self._postings.get(word, ()):
                scores[number] = scores.get(number, 0.0) + self._score(word, number, weight)
        for number in scores:
            scores[number] *= 1 + _NAMED_WEIGHT * self._named(number, wanted)
        best = sorted(scores, key=lambda number: (-round(scores[number], 9), number))
        return [self._operations[number] for number in best[:limit]]

    def _named(self, number: int, wanted: list[str]) -> float:
        """How much of the operation's own name was asked for: `list namespaces` means ListNamespaces first."""
        name = self._names[number]
        return len(name.intersection(wanted)) / len(name) if name else 0.0

    def _score(self, word: str, number: int, weight: float) -> float:
        holding = len(self._postings[word])
        rarity = _RARITY_FLOOR + math.log(1 + (len(self._operations) - holding + 0.5) / (holding + 0.5))
        length = 1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * self._lengths[number] / self._mean
        return rarity * weight * (_SATURATION + 1) / (weight + _SATURATION * length)


def _name(operation: Operation) -> str:
    return text(operation.node.get("operationId"))[:_DESCRIPTION_READ] or f"{operation.method} {operation.path}"


def _weighted(operation: Operation) -> Counter[str]:
    node = operation.node
    fields: Iterable[tuple[int, str]] = (
        (1, operation.method),
        (3, operation.path),
        (3, text(node.get("operationId"))),
        (2, " ".join(text(tag) for tag in items(node.get("tags"))[:20])),
        (3, text(node.get("summary"))),
        (1, text(node.get("description"))),
    )
    found: Counter[str] = Counter()
    for weight, written in fields:
        for word in words(written[:_DESCRIPTION_READ]):
            found[word] += weight
    return found


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(_PLURAL_ES):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(_NOT_PLURAL):
        return word[:-1]
    return word
