"""Builds of the workers, and what is known of each before and while it takes over."""

from enum import StrEnum

from pydantic import AwareDatetime

from domain.base import Data


class BuildState(StrEnum):
    """`inactive`: it has had no work yet. `draining`: runs that are pinned to it are still under way."""

    CURRENT = "current"
    RAMPING = "ramping"
    DRAINING = "draining"
    DRAINED = "drained"
    INACTIVE = "inactive"


class Build(Data):
    """One build: its state since when, the queues that its workers serve, and how many poll now."""

    build_id: str
    state: BuildState
    since: AwareDatetime | None = None
    percent: float = 0
    queues: list[str] = []
    pollers: int = 0

    @property
    def needed(self) -> bool:
        """Its workers still have work that no other build can do."""
        return self.state in {BuildState.CURRENT, BuildState.RAMPING, BuildState.DRAINING}


class Builds(Data):
    """All builds, newest first, and how many workers without a build id poll beside them."""

    builds: list[Build] = []
    unversioned: int = 0

    def find(self, build_id: str) -> Build | None:
        return next((build for build in self.builds if build.build_id == build_id), None)

    def others(self, build_id: str) -> list[Build]:
        return [build for build in self.builds if build.build_id != build_id]


class Difference(Data):
    """A history that this code does not replay: of which run, of which workflow, at which event, and what differs."""

    workflow_id: str
    workflow: str
    event: int | None = None
    message: str

    @property
    def words(self) -> str:
        at = f" at event {self.event}" if self.event is not None else ""
        return f"{self.workflow} {self.workflow_id}{at}: {self.message}"


class Replayed(Data):
    """How many histories were replayed against this code, and which it does not replay."""

    committed: int = 0
    open: int = 0
    differences: list[Difference] = []


class RolledOut(Data):
    """What a rollout did. `stoppable`: the builds whose workers may be stopped."""

    build_id: str
    replayed: Replayed
    builds: Builds
    stoppable: list[str]
