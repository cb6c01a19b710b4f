"""One turn of the simulated Claude: words, and the tools it calls."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Move:
    """What is said, and the calls in order: a tool's name and its input."""

    text: str
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
