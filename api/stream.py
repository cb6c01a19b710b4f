"""A run as it happens: what is recorded of it and what is being said in it, as server-sent events."""

import asyncio
import contextlib
import heapq
import logging
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.answers import NoWorker, answering
from api.found import Found
from api.problems import documented
from api.security import needs
from api.services import Services, Wired
from api.standing import StillAllowed, standing
from domain.access import Permission
from domain.base import Data
from domain.errors import InvalidInput, NotFound, StorageUnavailable
from domain.events import Event, EventType
from domain.live import LiveEntry
from domain.registry import Integration
from domain.runs import RunStatus, Waiting

router = APIRouter(prefix="/api/v1/integrations/{integration}", tags=["runs"])
_log = logging.getLogger("ccb.api.stream")

_EVERY = 0.25
"""Seconds between two looks at the database."""
_ASK_EVERY = 2.0
"""Seconds without news after which the run itself is asked what it does, and between two such questions."""
_ASK_PATIENCE = 4.0
_LONGEST = 900.0
"""Seconds; then the watcher comes again, and shows its key again."""
_PAGE = 500

_ABOUT = """What happens in the run: everything recorded, in order, then what is new as it comes, until the run is over.

| event | when | data |
|---|---|---|
| `stage` | the integration entered a stage | Event |
| `updated` | its name was given, or it was registered | Event |
| `version` | a version was recorded | Event |
| `review` | somebody reviewed | Event |
| `turn` | a turn with Claude begins; if it began before, what was said in it is void | LiveEntry |
| `result` | a tool answered: the beginning of it | LiveEntry |
| `text` | Claude says: a piece of text | LiveEntry |
| `tool` | without `text`: Claude begins to call a tool; else a piece of the call's input, as JSON text | LiveEntry |
| `end` | the turn is over: what it used and cost | LiveEntry |
| `step` | what the run does now changed | Standing |
| `waiting` | what the run waits for changed, or it waits no more | Standing |
| `settled` | the run is over: the last event, after which a client closes | Integration |

Send the last `id` received as `Last-Event-ID` to go on exactly behind it. `step` and `waiting` say how things are, and
are said again then. The connection may end at any time without `settled`, as it does
when the caller's session or key has ended: come again. Comments keep it alive.
"""
_NAMES: dict[EventType, str] = {
    EventType.VERSION_RECORDED: "version",
    EventType.REVIEWED: "review",
    EventType.UPDATED: "updated",
}


class Standing(Data):
    """What the run does now, and what it waits for, if it does."""

    step: str
    waiting: Waiting | None


class Place(Data):
    """How far a watcher is: the last event's sequence, and the last live entry's position. None: not begun."""

    sequence: int = 0
    position: int | None = None

    @property
    def id(self) -> str:
        return f"{self.sequence}.{self.position or 0}"


_PLACE = r"^[0-9]{1,18}[.][0-9]{1,18}$"
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="The `id` of the last event received.",
        pattern=_PLACE,
        examples=["3.0"],
    ),
]


async def _place(last_event_id: LastEventId = None) -> Place:
    if last_event_id is None:
        return Place()
    found = re.fullmatch(r"(\d{1,18})\.(\d{1,18})", last_event_id)
    if found is None:
        raise InvalidInput(
            "Last-Event-ID is not the id of an event of this stream; leave it out.", field="Last-Event-ID"
        )
    return Place(sequence=int(found[1]), position=int(found[2]))


@router.get(
    "/stream",
    dependencies=[needs(Permission.RUNS_READ)],
    response_class=EventSourceResponse,
    responses={200: {"description": _ABOUT}, **documented(NotFound)},
)
async def stream_run(
    found: Found,
    request: Request,
    services: Wired,
    place: Annotated[Place, Depends(_place)],
    allowed: Annotated[StillAllowed, Depends(standing(Permission.RUNS_READ))],
    since: Annotated[
        Literal["turn", "start"],
        Query(description="What Claude said from the turn under way on, or from the oldest that is kept."),
    ] = "turn",
) -> AsyncIterator[ServerSentEvent]:
    """Follow the run live, as server-sent events."""
    if place.position is None:
        begins = await services.live.latest_turn(_run(found)) if since == "turn" else 0
        place = place.model_copy(update={"position": begins})
    watch = _Watch(services, found, place, closing=request.app.state.closing, allowed=allowed)
    try:
        async for event in watch.events():
            yield event
    except StorageUnavailable as error:
        # Half an answer cannot become a problem any more: it ends, and the watcher comes again.
        _log.warning("stream ended", extra={"integration_id": found.id, "error": error.message})
    finally:
        watch.close()


def _run(found: Integration) -> str:
    """What the run's turns are recorded under."""
    return f"{found.workflow_id}/{found.run_id}"


class _Watch:
    """One watcher: where it is, and what it is told next."""

    def __init__(
        self,
        services: Services,
        found: Integration,
        place: Place,
        *,
        closing: asyncio.Event,
        allowed: StillAllowed,
    ) -> None:
        self._services = services
        self._found = found
        self._sequence = place.sequence
        self._position = place.position or 0
        self._revision: int | None = None
        self._closing = closing
        self._allowed = allowed
        self._told: Standing | None = None
        self._asking: asyncio.Task[RunStatus | None] | None = None
        self._ask_at = 0.0

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        until = time.monotonic() + _LONGEST
        while time.monotonic() < until and not self._closing.is_set() and await self._allowed():
            news, more = await self._news()
            for one in news:
                yield self._recorded(one) if isinstance(one, Event) else self._said(one)
            if more:
                continue
            if not self._found.under_way:
                yield self._event("settled", self._found)
                return
            for told in self._standing(quiet=not news):
                yield told
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _EVERY)

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()

    async def _news(self) -> tuple[list[Event | LiveEntry], bool]:
        """What is new, in the order it happened, and whether there is more of it already.

        The row is read first: if it says that the run is over, all that was written before is in what is read next.
        """
        services = self._services
        self._found = found = await services.integrations.get(self._found.id)
        said = await services.live.after(_run(found), self._position, limit=_PAGE)
        more = len(said) == _PAGE
        recorded: list[Event] = []
        if found.revision != self._revision:
            recorded = await services.integrations.events(found.id, after=self._sequence)
            if more:
                recorded = [event for event in recorded if event.time <= said[-1].at]
            else:
                self._revision = found.revision
        both: list[list[Event | LiveEntry]] = [[*recorded], [*said]]
        return list(heapq.merge(*both, key=_moment)), more

    def _recorded(self, event: Event) -> ServerSentEvent:
        self._sequence = event.sequence
        return self._event(_NAMES.get(event.type, "stage"), event)

    def _said(self, entry: LiveEntry) -> ServerSentEvent:
        self._position = entry.position
        return self._event(entry.kind, entry)

    def _standing(self, *, quiet: bool) -> Iterator[ServerSentEvent]:
        """What the run itself says, asked when nothing else is heard. Its answer is not waited for."""
        now = time.monotonic()
        if not quiet:
            self._ask_at = now + _ASK_EVERY
        if self._asking is None:
            if now >= self._ask_at:
                self._asking = asyncio.create_task(self._ask())
            return
        if not self._asking.done():
            return
        status, self._asking, self._ask_at = self._asking.result(), None, now + _ASK_EVERY
        if status is None:
            return
        before, self._told = self._told, Standing(step=status.step, waiting=status.waiting)
        if before is None or before.step != self._told.step:
            yield self._event("step", self._told)
        if (before.waiting if before else None) != self._told.waiting:
            yield self._event("waiting", self._told)

    async def _ask(self) -> RunStatus | None:
        try:
            async with answering(_ASK_PATIENCE, integration_id=self._found.id):
                return await self._services.runs.status(self._found.id)
        except (NotFound, NoWorker, StorageUnavailable):
            return None

    def _event(self, name: str, data: Data) -> ServerSentEvent:
        place = Place(sequence=self._sequence, position=self._position)
        return ServerSentEvent(event=name, id=place.id, data=data)


def _moment(one: Event | LiveEntry) -> float:
    return (one.time if isinstance(one, Event) else one.at).timestamp()
