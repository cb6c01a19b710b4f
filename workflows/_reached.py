"""How far a run has come: kept while it works, so that a retry can go on from there if it fails."""

from dataclasses import dataclass, field

from domain.artifacts import ArtifactRef
from domain.checkpoints import Checkpoint, Proven, Writing
from domain.plan import Plan
from domain.review import Review
from domain.steps import Examined


@dataclass
class Reached:
    """What is None was not reached, or is no longer valid."""

    examined: Examined | None = None
    analysis: ArtifactRef | None = None
    plan: Plan | None = None
    writing: Writing | None = None
    proven: Proven | None = None
    reviews: list[Review] = field(default_factory=list)
    serving: str | None = None
    """The version that served then, which an update goes out from."""

    def restore(self, kept: Checkpoint) -> None:
        """Begin with what an earlier run reached."""
        if kept.document is not None:
            self.examined = Examined(document=kept.document, base_url=kept.base_url)
        self.analysis, self.plan = kept.analysis, kept.plan
        self.writing, self.proven = kept.writing, kept.proven
        self.reviews = list(kept.reviews)
        self.serving = kept.serving
