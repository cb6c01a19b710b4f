"""Rolling out a build: what is under way is replayed against it first, then it takes over, then the old ones drain."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.temporal import TemporalSettings, connect
from adapters.temporal.replaying import committed_differences
from adapters.temporal.rollout import TemporalBuilds
from domain.builds import Builds, BuildState, Replayed, RolledOut
from domain.errors import Conflict
from workers.queues import QUEUES, WORKFLOWS
from workers.settings import WorkerSettings
from workers.versioning import AUTOMATIC, build_id

COMMITTED = Path(__file__).resolve().parents[1] / "tests" / "replay" / "histories"
"""Where the committed histories are in a checkout; an installed package has none."""
_LOOK_AGAIN = 1.0
_SHOWN = 5
Told = Callable[[str], None]


async def builds() -> Builds:
    """All builds of the workers, from the environment's Temporal."""
    return await TemporalBuilds(await connect(TemporalSettings(), tracing=False), QUEUES).builds()


async def roll_out(wanted: str | None, *, percent: float | None, wait: bool, histories: Path, told: Told) -> RolledOut:
    """Roll out the build of this code, which the environment names unless `wanted` does."""
    client = await connect(TemporalSettings(), tracing=False)
    build = build_id(wanted or WorkerSettings().build_id or AUTOMATIC)
    return await Rollout(TemporalBuilds(client, QUEUES), WORKFLOWS, histories, told).to(
        build, percent=percent, wait=wait
    )


class Rollout:
    """One rollout. `told` hears, in words, how far it is."""

    def __init__(self, temporal: TemporalBuilds, workflows: Sequence[type], histories: Path, told: Told) -> None:
        self._temporal = temporal
        self._workflows = workflows
        self._histories = histories
        self._told = told

    async def to(self, build: str, *, percent: float | None = None, wait: bool = True) -> RolledOut:
        """Make `build` current, or give it `percent` of new work; `wait` until the builds before it are drained.

        Raises Conflict, and changes nothing, if this code does not replay a history, or no worker of the build polls.
        """
        replayed = await self.replayed()
        if percent is None:
            await self._temporal.make_current(build)
            self._told(f"{build} is current: new work, and runs that are not pinned, go to it")
        else:
            await self._temporal.ramp(build, percent)
            self._told(f"{build} takes {percent:g} % of new work")
        drained = wait and percent is None
        now = await self._drained(build) if drained else await self._temporal.builds()
        stoppable = [one.build_id for one in now.others(build) if not one.needed]
        return RolledOut(build_id=build, replayed=replayed, builds=now, stoppable=stoppable)

    async def replayed(self) -> Replayed:
        """Raises Conflict, which names the runs and events, if there is a difference."""
        committed, differences = await committed_differences(self._workflows, self._histories)
        self._told(f"replayed {committed} committed histories")
        opened, more = await self._temporal.open_differences(
            self._workflows, told=lambda done: self._told(f"replayed {done} runs under way")
        )
        found = [*differences, *more]
        if found:
            words = "; ".join(one.words for one in found[:_SHOWN])
            left = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise Conflict(
                f"This build does not replay {len(found)} of {committed + opened} histories, so it takes no work. "
                f"Version the change with workflow.patched. {words}{left}",
                differences=[one.model_dump(mode="json") for one in found],
            )
        return Replayed(committed=committed, open=opened)

    async def _drained(self, build: str) -> Builds:
        said = ""
        while True:
            now = await self._temporal.builds()
            draining = [one.build_id for one in now.others(build) if one.state is BuildState.DRAINING]
            words = f"waits until {', '.join(draining)} has no run pinned to it" if draining else ""
            if words and words != said:
                self._told(words)
            if not draining:
                return now
            said = words
            await asyncio.sleep(_LOOK_AGAIN)
