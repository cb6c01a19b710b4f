"""What a play comes to, as figures."""

from typing import Any

from pydantic import BaseModel


class Figures(BaseModel):
    """The last line of `--json`. Seconds, US dollars' tokens, counts.

    `settled`: runs that ended deployed or undone, with the outside world as it should be. `paid_twice`: tokens billed
    for turns that were bought already, less those of `lost_replies`, whose answer never reached us.
    """

    runs: int
    settled: int
    kills: int
    orphans: int
    duplicates: int
    lost_events: int
    paid_twice: int
    canaries_found: int
    recovery_p50_s: float
    recovery_p99_s: float
    seed: int
    seconds: float
    faults: int
    deployed: int
    undone: int
    refused: int
    lost_replies: int
    lost_reply_tokens: int
    settled_in_s: float
    swept_mb: float
    problems: list[str]
    kinds: dict[str, int]
    failures: dict[str, int]

    @property
    def good(self) -> bool:
        """All that must be zero is, and all runs settled."""
        zeros = (self.orphans, self.duplicates, self.lost_events, self.paid_twice, self.canaries_found)
        return not any(zeros) and self.settled == self.runs > 0 and not self.problems

    def as_json(self) -> dict[str, Any]:
        return self.model_dump()
