"""What several tools saw, said once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.reports import Finding, Level

OURS = "inspection"
_ASIDE = ("noqa", "nosec", "allowlist secret", "allowlist nextline secret")


@dataclass(frozen=True)
class Sighting:
    """A finding with what it is about: Bandit's numbers of the same matter, and the last line of its place."""

    finding: Finding
    numbers: frozenset[int]
    last_line: int

    def says_the_same_as(self, other: "Sighting") -> bool:
        mine, theirs = self.finding, other.finding
        return (
            mine.path == theirs.path
            and bool(self.numbers & other.numbers)
            and mine.line <= other.last_line
            and theirs.line <= self.last_line
        )


def once(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Of those that say the same, the worst; of equals the first, so that the more specific tool comes first."""
    kept: list[Sighting] = []
    for sighting in sorted(sightings, key=lambda one: list(Level).index(one.finding.level)):
        if not any(sighting.says_the_same_as(other) for other in kept):
            kept.append(sighting)
    return kept


def waved_through(sighting: Sighting, lines: Sequence[str]) -> Sighting:
    """A tool's finding that a comment on its lines asks to leave out is not left out: it needs a person's eye."""
    finding = sighting.finding
    if finding.tool == OURS:
        return sighting
    said = " ".join(lines[max(finding.line - 1, 0) : sighting.last_line]).lower()
    if finding.level is not Level.ERROR or not any(word in said for word in _ASIDE):
        return sighting
    message = f"{finding.message} (a comment asks to leave this out)"
    return replace(sighting, finding=finding.model_copy(update={"level": Level.WARNING, "message": message}))
