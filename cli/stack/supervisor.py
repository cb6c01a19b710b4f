"""The supervisor: starts parts as soon as what they need is ready, restarts what dies, and leaves nothing behind."""

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import NoReturn, Self

import psutil

from cli.stack import datadir
from cli.stack.addresses import Addresses
from cli.stack.child import Child, describe, last_words, log_file
from cli.stack.errors import StackError, StackRefused
from cli.stack.layout import Layout, MakeLayout, standard
from cli.stack.leftovers import Record
from cli.stack.options import StackOptions
from cli.stack.part import NotReady, Part

FIRST_DELAY, LONGEST_DELAY = 0.2, 10.0
"""Seconds between the death of a part and its next start; doubled each time."""

STEADY = 10.0
"""Seconds for which a part must have been ready for its next death to count as a first one."""

PATIENCE = 3
"""Deaths of a part that was never ready before the whole start is given up."""

_PROBE_TIMEOUT = 5.0
_PROBE_OFTEN, _OFTEN, _PROBE_SELDOM = 0.05, 20, 0.2
"""Seconds between probes: a few quickly, then so that asking does not slow down what is starting."""


class PartState(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    DIED = "died"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True)
class StackEvent:
    """Something happened to a part. `seconds` since the stack began; `detail` says why, in words people read."""

    part: str
    state: PartState
    seconds: float
    detail: str = ""
    pid: int | None = None
    restarts: int = 0
    url: str | None = None


class Stack:
    """All parts, from `async with` until its end. Entering returns when every part is ready.

    Raises StackRefused before anything was started (a second stack in the directory, a busy port, a full disk), and
    StackError if a part does not come up; everything is stopped again then. Enter it in the main thread: the parts
    are tied to the life of the thread that starts them.
    """

    def __init__(
        self,
        options: StackOptions,
        *,
        on_event: Callable[[StackEvent], None] | None = None,
        environ: Mapping[str, str] | None = None,
        layout: MakeLayout = standard,
    ) -> None:
        """`environ` is the environment to go by, ours by default; `layout` says which parts there are."""
        self._options = options
        self._on_event = on_event or (lambda _: None)
        self._environ: Mapping[str, str] = os.environ if environ is None else environ
        self._make_layout = layout
        self._held = ExitStack()
        self._began = time.monotonic()
        self._children: dict[str, Child] = {}
        self._restarts: dict[str, int] = {}
        self._missing: dict[str, str] = {}
        self._states: dict[str, StackEvent] = {}

    @property
    def addresses(self) -> Addresses:
        if self._layout.addresses is None:
            raise LookupError("this layout has no addresses")
        return self._layout.addresses

    @property
    def states(self) -> Mapping[str, StackEvent]:
        """The latest event of each part."""
        return dict(self._states)

    async def __aenter__(self) -> Self:
        self._began = time.monotonic()
        try:
            self._claim()
            await self._start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def wait(self) -> NoReturn:
        """Supervise until cancelled. Raises what went wrong in the supervisor itself, if anything ever does."""
        await self._failure
        raise StackError("The supervisor ended.")

    def kill(self) -> None:
        """SIGKILL to every part, now. What they hold survives that; the next start only has more to do."""
        for child in self._children.values():
            child.kill()

    def _claim(self) -> None:
        """Take the data directory and plan what goes where; nothing runs yet."""
        self._data_dir = datadir.prepared(self._options.data_dir)
        self._held.enter_context(datadir.locked(self._data_dir))
        self._record = Record(self._data_dir)
        try:
            self._record.end_leftovers()
        except psutil.Error as error:
            raise StackRefused(f"A process of an earlier stack cannot be ended: {error}.") from error
        self._layout: Layout = self._make_layout(self._options, self._data_dir, self._environ)

    async def _start(self) -> None:
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ready = {part.name: asyncio.Event() for part in self._layout.parts}
        for part in self._layout.parts:
            self._tell(part, PartState.WAITING)
        self._keepers = [asyncio.create_task(self._keep(part), name=part.name) for part in self._layout.parts]
        for keeper in self._keepers:
            keeper.add_done_callback(self._keeper_ended)
        all_ready = asyncio.create_task(self._all_ready())
        await asyncio.wait(
            (all_ready, self._failure), timeout=self._options.start_timeout, return_when=asyncio.FIRST_COMPLETED
        )
        if self._failure.done():
            all_ready.cancel()
            self._failure.result()
        if not all_ready.done():
            all_ready.cancel()
            raise self._too_slow()
        if self._layout.addresses is not None:
            datadir.write_private(self._data_dir / "stack.json", self._layout.addresses.model_dump_json(indent=2))

    async def _all_ready(self) -> None:
        for event in self._ready.values():
            await event.wait()

    async def _end(self) -> None:
        keepers = getattr(self, "_keepers", [])
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        if keepers:
            for level in reversed(_levels(self._layout.parts)):
                await asyncio.gather(*(self._stop(part) for part in level if part.name in self._children))
            (self._data_dir / "stack.json").unlink(missing_ok=True)
        self._held.close()

    async def _stop(self, part: Part) -> None:
        self._tell(part, PartState.STOPPING)
        await self._children.pop(part.name).stop()
        self._tell(part, PartState.STOPPED)

    async def _keep(self, part: Part) -> None:
        """Start the part, and again whenever it dies."""
        delay = FIRST_DELAY
        was_ready = False
        while True:
            for name in part.after:
                await self._ready[name].wait()
            self._tell(part, PartState.STARTING)
            ready_for, problem = await self._life(part)
            if problem is None:
                return
            was_ready = was_ready or ready_for is not None
            self._ready[part.name].clear()
            self._restarts[part.name] = self._restarts.get(part.name, 0) + 1
            self._tell(part, PartState.DIED, problem)
            if not was_ready and self._restarts[part.name] >= PATIENCE:
                raise self._gave_up(part, problem)
            delay = FIRST_DELAY if (ready_for or 0) >= STEADY else delay
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)

    async def _life(self, part: Part) -> tuple[float | None, str | None]:
        """One process of the part, to its end: how long it was ready, and what ended it (None: its work is done)."""
        starting = asyncio.ensure_future(Child.start(part, self._data_dir, self._record))
        try:
            child = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._children[part.name] = await starting  # so that it is stopped with the others
            raise
        except OSError as error:
            return None, f"cannot be run: {error.strerror}"
        self._children[part.name] = child
        ended = asyncio.create_task(child.ended())
        becoming = asyncio.create_task(self._become_ready(part, child))
        try:
            await asyncio.wait({ended, becoming}, return_when=asyncio.FIRST_COMPLETED)
            ready_at = None
            if not ended.done():
                becoming.result()  # raises what a probe raised that is not NotReady: a bug
                ready_at = time.monotonic()
                self._ready[part.name].set()
                self._tell(part, PartState.READY, pid=child.pid)
            code = await ended
        finally:
            ended.cancel()
            becoming.cancel()
        del self._children[part.name]
        if part.once and code == 0:
            self._ready[part.name].set()
            self._tell(part, PartState.DONE)
            return None, None
        return time.monotonic() - ready_at if ready_at else None, describe(code)

    async def _become_ready(self, part: Part, child: Child) -> None:
        if part.once:
            await asyncio.Event().wait()  # its end is what counts
        for attempt in itertools.count():
            try:
                async with asyncio.timeout(_PROBE_TIMEOUT):
                    await part.ready(child.started_at)
                    if part.prepare:
                        await part.prepare()
            except NotReady as error:
                self._missing[part.name] = str(error)
            except TimeoutError:
                self._missing[part.name] = "it does not answer in time"
            else:
                return
            await asyncio.sleep(_PROBE_OFTEN if attempt < _OFTEN else _PROBE_SELDOM)

    def _keeper_ended(self, keeper: "asyncio.Task[None]") -> None:
        if not keeper.cancelled() and (error := keeper.exception()) is not None and not self._failure.done():
            self._failure.set_exception(error)

    def _gave_up(self, part: Part, problem: str) -> StackError:
        said = last_words(self._data_dir, part.name)
        return StackError(
            f"{part.name} ended {PATIENCE} times while starting ({problem}): {said or 'it said nothing'} "
            f"(log: {log_file(self._data_dir, part.name)})"
        )

    def _too_slow(self) -> StackError:
        late = [part.name for part in self._layout.parts if not self._ready[part.name].is_set()]
        started = [name for name in late if name in self._children] or late
        why = "; ".join(f"{name}: {self._missing.get(name) or 'it is still starting'}" for name in started)
        return StackError(f"Not ready after {self._options.start_timeout:g} s: {why} (logs: {self._data_dir / 'logs'})")

    def _tell(self, part: Part, state: PartState, detail: str = "", pid: int | None = None) -> None:
        event = StackEvent(
            part=part.name,
            state=state,
            seconds=time.monotonic() - self._began,
            detail=detail,
            pid=pid,
            restarts=self._restarts.get(part.name, 0),
            url=part.url,
        )
        self._states[part.name] = event
        self._on_event(event)


def _levels(parts: list[Part]) -> list[list[Part]]:
    """Parts by how many others must be ready before them; a level does not need itself or those above."""
    depth: dict[str, int] = {}
    by_name = {part.name: part for part in parts}

    def of(part: Part) -> int:
        if part.name not in depth:
            depth[part.name] = 1 + max((of(by_name[name]) for name in part.after), default=-1)
        return depth[part.name]

    levels: list[list[Part]] = [[] for _ in range(1 + max(map(of, parts), default=-1))]
    for part in parts:
        levels[depth[part.name]].append(part)
    return levels
