"""A play of chaos: the stack stands, sagas are asked for, faults befall them, and then everything is let settle."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests import servers
from tests.e2e.outside import Outside, outside
from tests.faults.chaos.faults import Befallen, befall
from tests.faults.chaos.mixture import MIXTURE, Kind, dealt
from tests.faults.chaos.schedule import Fault, drawn
from tests.faults.chaos.stack import Standing, stack_at
from tests.faults.chaos.ways import REQUESTER, REVIEWERS, Asked, Late, Ways

ASKED_BY: Final = 0.75
"""The part of the time in which sagas are begun: the last ones are disturbed as well."""

SETTLE: Final = 1_200.0
"""Seconds that everything may take to settle, once nothing fails any more."""

Progress = Callable[[str], None]


@dataclass
class Play:
    """What was done, and to whom. `canaries` are secrets by name, to be found nowhere."""

    standing: Standing
    ways: Ways
    seed: int
    asked: list[Asked] = field(default_factory=list)
    befallen: list[Befallen] = field(default_factory=list)
    schedule: list[Fault] = field(default_factory=list)
    settled_in: float = 0.0

    @property
    def canaries(self) -> dict[str, str]:
        data_dir = self.standing.addresses.data_dir
        found = dict(json.loads((data_dir / "secrets.json").read_text()))
        found |= {f"key of {person}": key for person, key in self.ways.keys.items()}
        found["password of PostgreSQL"] = servers.PASSWORD
        found |= {
            f"secret {number} of {each.name}": value for each in self.asked for number, value in enumerate(each.secrets)
        }
        return found


@asynccontextmanager
async def standing(folder: Path, seed: int) -> AsyncIterator[Play]:
    """The stack with people in it, before anything was asked for."""
    with outside() as api:
        async with stack_at(folder, api.host) as up:
            yield Play(up, await _inhabited(up, api), seed)


async def _inhabited(up: Standing, api: Outside) -> Ways:
    data_dir = up.addresses.data_dir
    keys = {"operator": (data_dir / "operator.key").read_text().strip(), "nobody": "ccb_of-nobody-at-all"}
    url = f"{up.addresses.simulators_url}"
    ways = Ways(up.addresses.api_url, up.automatic_url, url, api, keys, time.monotonic() + SETTLE)
    for name in (REQUESTER, *REVIEWERS):
        slack = str((await ways.act("slack", "users", name=name))["id"])
        person = await ways.call("operator", "POST", "/people", name=name, role="reviewer", github=name, slack=slack)
        made = await ways.call("operator", "POST", f"/people/{person['id']}/keys", label="chaos")
        keys[name] = str(made["key"])
    return ways


async def played(
    play: Play,
    *,
    runs: int,
    seconds: float,
    mixture: tuple[Kind, ...] = MIXTURE,
    progress: Progress = lambda _: None,
) -> None:
    """Ask, disturb, settle. What did not end in time says so in its `trouble`."""
    play.schedule = drawn(play.seed, seconds)
    play.ways.deadline = time.monotonic() + seconds + SETTLE
    began = time.monotonic()
    random = Random(f"moments/{play.seed}")
    kinds = dealt(play.seed, runs, mixture)
    moments = sorted(random.uniform(0, ASKED_BY * seconds) for _ in kinds)
    telling = asyncio.create_task(_telling(play, began, runs, seconds, progress))
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(befall(play.schedule, play.standing, play.ways.simulators_url, play.befallen))
            for number, (kind, moment) in enumerate(zip(kinds, moments, strict=True)):
                group.create_task(_driven(play, kind, number, began + moment))
        await _still(play)
    finally:
        telling.cancel()
    play.settled_in = time.monotonic() - began - seconds


async def _driven(play: Play, kind: Kind, number: int, at: float) -> None:
    await asyncio.sleep(max(0.0, at - time.monotonic()))
    asked = Asked(f"{kind.name.replace(' ', '-')}-{number:04d}", kind.name)
    play.asked.append(asked)
    try:
        await kind.drive(play.ways, asked, Random(f"{play.seed}/{number}"))
    except Late as late:
        asked.trouble = f"not in time: {late}"


async def _still(play: Play) -> None:
    """All parts are up, and nothing outside has happened for a while."""
    previous, since = -1, time.monotonic()
    while time.monotonic() < play.ways.deadline and time.monotonic() - since < _STILL:
        states = play.standing.stack.states
        up = all(state.state.value in {"ready", "done"} for state in states.values())
        journal = play.standing.addresses.data_dir / "simulators" / "journal.db-wal"
        size = journal.stat().st_size if journal.exists() else 0
        now = hash((size, journal.stat().st_mtime_ns if journal.exists() else 0))
        if not up or now != previous:
            previous, since = now, time.monotonic()
        await asyncio.sleep(0.5)


_STILL: Final = 8.0
"""Seconds without a word to the outside world: longer than a step's retry after a short outage."""


async def _telling(play: Play, began: float, runs: int, seconds: float, progress: Progress) -> None:
    while True:
        now = time.monotonic() - began
        kills = sum(each.fault.kind == "kill" for each in play.befallen)
        strikes = len(play.befallen) - kills
        progress(f"{now:5.0f} of {seconds:.0f} s  {len(play.asked)} of {runs} asked  {kills} kills  {strikes} faults")
        await asyncio.sleep(1)
