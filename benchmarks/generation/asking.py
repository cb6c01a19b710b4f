"""The request that is made of a document: a few of its operations, drawn by the seed, in its own words."""

import random
import re
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.generation.choosing import Chosen, operations

_FEWEST, _MOST = 2, 4
_OPENINGS: Final = (
    "We use {title} and need a small service for it that can:",
    "Please build an integration with {title}. It should:",
    "Our team works with {title}. We would like a service that lets us:",
    "Could somebody make us an integration for {title}? What we need:",
)
_LONGEST: Final = 160


@dataclass(frozen=True)
class Asked:
    """A request as a person would write it, and the operations (method, path) that it means."""

    title: str
    description: str
    operations: tuple[tuple[str, str], ...]


def ask(document: Chosen, seed: int) -> Asked:
    """One of the operations only reads; the others are whatever the draw brings, deprecated ones left out."""
    draw = random.Random(f"{seed}:{document.name}")
    root = document.root
    known = [one for one in operations(root) if one[2].get("deprecated") is not True] or list(operations(root))
    reads = [one for one in known if one[0] == "get"] or [one for one in operations(root) if one[0] == "get"]
    picked, count = [draw.choice(reads)], draw.randint(_FEWEST, _MOST)
    said = {_words(picked[0])}
    for one in draw.sample(known, len(known)):
        if len(picked) == count:
            break
        if _words(one) not in said:  # two that are described alike cannot be told apart in words
            picked.append(one)
            said.add(_words(one))
    title = _line(str(root.get("info", {}).get("title") or "")) or document.name
    wanted = "\n".join(f"- {_words(one)}" for one in picked)
    return Asked(
        title=f"Integration with {title}"[:200],
        description=f"{draw.choice(_OPENINGS).format(title=title)}\n\n{wanted}\n",
        operations=tuple((method, path) for method, path, _ in picked),
    )


def _words(one: tuple[str, str, dict[str, Any]]) -> str:
    """What an operation does: its summary, else its description's first sentence, else its id, else its place."""
    method, path, operation = one
    for text in (operation.get("summary"), operation.get("description")):
        if line := _line(str(text or "")):
            return line[0].lower() + line[1:] if line[1:2].islower() else line
    if identifier := str(operation.get("operationId") or ""):
        return " ".join(re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", identifier)).lower() or identifier
    return f"`{method.upper()} {path}`"


def _line(text: str) -> str:
    """The first sentence, without markup, on one line."""
    plain = " ".join(re.sub(r"<[^>]*>|[`*_#\[\]]", " ", text).split())
    first = re.split(r"(?<=[.!?])\s", plain, maxsplit=1)[0].rstrip(".")
    return first if len(first) <= _LONGEST else first[:_LONGEST].rpartition(" ")[0]
