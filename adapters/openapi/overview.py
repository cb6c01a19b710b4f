"""An index of a document's operations that fits into a prompt, whatever the document's size."""

from collections import Counter
from collections.abc import Sequence

from adapters.openapi.model import Operation
from adapters.openapi.references import items, text
from adapters.openapi.searching import line

_FOR_TAGS = 0.2
"""The share of the room that is kept for what is counted by tag only."""
_LONGEST_TAG = 60


def overview(operations: Sequence[Operation], fitting: Sequence[Operation], characters: int) -> str:
    """All operations, a line each, if they fit; else the first of `fitting`, and the rest counted by tag.

    At most `characters` long, and a sentence.
    """
    lines = [line(operation) for operation in operations]
    if sum(map(len, lines)) + len(lines) <= characters:
        return "\n".join([f"All {len(lines)} operations:", *lines])
    shown = _within([line(operation) for operation in fitting], int(characters * (1 - _FOR_TAGS)))
    rest = Counter(tag for operation in operations for tag in _tags(operation))
    tags = [f"- {tag}: {count}" for tag, count in sorted(rest.items(), key=lambda pair: (-pair[1], pair[0]))]
    left = characters - sum(map(len, shown)) - len(shown)
    return "\n".join(
        [
            f"{len(shown)} of {len(operations)} operations, those that fit the request's words best:",
            *shown,
            "How many operations there are under each tag; search_operations finds them:",
            *_within(tags, left),
        ]
    )


def _within(lines: Sequence[str], room: int) -> list[str]:
    kept: list[str] = []
    for one in lines:
        room -= len(one) + 1
        if room < 0:
            break
        kept.append(one)
    return kept


def _tags(operation: Operation) -> list[str]:
    """Its tags; for an operation without any, the first part of its path."""
    named = [" ".join(text(tag).split())[:_LONGEST_TAG] for tag in items(operation.node.get("tags"))[:5]]
    return [tag for tag in named if tag] or [f"/{operation.path.strip('/').split('/')[0]}"[:_LONGEST_TAG]]
