"""Temporal's schedules: made and brought up to date by the worker, listed and paused by people."""

import asyncio
import logging
from collections.abc import Sequence

from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleDescription,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.client import (
    Schedule as TemporalSchedule,
)
from temporalio.client import (
    ScheduleSpec as TemporalSpec,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from adapters.temporal.described import OPERATION
from domain.errors import CcbError, NotFound, StorageUnavailable
from domain.people import Actor
from domain.schedules import Schedule, ScheduleSpec

_log = logging.getLogger(__name__)

_OURS = "ccb"
"""In the memo of the schedules that we made: a namespace may have others."""


async def ensure(client: Client, specs: Sequence[ScheduleSpec]) -> None:
    """Have exactly these schedules as they are given; one that somebody paused stays paused. Safe to repeat.

    Raises StorageUnavailable.
    """
    await asyncio.gather(*(_ensure(client, spec) for spec in specs))


async def _ensure(client: Client, spec: ScheduleSpec) -> None:
    wanted = _schedule(spec)

    def changed(before: ScheduleUpdateInput) -> ScheduleUpdate:
        wanted.state = before.description.schedule.state
        return ScheduleUpdate(schedule=wanted)

    try:
        try:
            await client.create_schedule(spec.id, wanted, memo={_OURS: True}, trigger_immediately=spec.at_once)
            _log.info("schedule made", extra={"schedule": spec.id})
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(spec.id).update(changed)
    except RPCError as error:
        raise _translated(error, spec.id) from error


def _schedule(spec: ScheduleSpec) -> TemporalSchedule:
    return TemporalSchedule(
        action=ScheduleActionStartWorkflow(
            spec.workflow,
            args=[] if spec.input is None else [spec.input],
            id=spec.id,
            task_queue=spec.queue,
            static_summary=spec.summary or None,
            typed_search_attributes=TypedSearchAttributes([SearchAttributePair(OPERATION, spec.id)]),
        ),
        spec=TemporalSpec(
            intervals=[] if spec.every is None else [ScheduleIntervalSpec(every=spec.every)],
            # Temporal keeps a line of cron as calendars, and what stands behind the # beside them, for people.
            cron_expressions=[] if spec.cron is None else [f"{spec.cron} # {spec.cron}"],
            jitter=spec.jitter or None,
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=spec.catch_up),
    )


class TemporalSchedules:
    """Listing and pausing. Raises NotFound, StorageUnavailable."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def list(self) -> list[Schedule]:
        """Those that workers have made, by id. One made a moment ago may not be listed yet."""
        try:
            names = sorted([one.id async for one in await self._client.list_schedules()])
        except RPCError as error:
            raise _translated(error, "schedules") from error
        described = await asyncio.gather(*map(self._described, names))
        return [_read(one) for one in described if one is not None]

    async def pause(self, schedule_id: str, *, by: Actor) -> Schedule:
        """No starts until it is resumed; a run under way goes on. Repeated: stays paused."""
        return await self._steer(schedule_id, by, paused=True)

    async def resume(self, schedule_id: str, *, by: Actor) -> Schedule:
        return await self._steer(schedule_id, by, paused=False)

    async def _steer(self, schedule_id: str, by: Actor, *, paused: bool) -> Schedule:
        if await self._described(schedule_id) is None:
            raise _unknown(schedule_id)
        handle = self._client.get_schedule_handle(schedule_id)
        note = f"{'paused' if paused else 'resumed'} by {by.name}"
        try:
            await (handle.pause(note=note) if paused else handle.unpause(note=note))
        except RPCError as error:
            raise _translated(error, schedule_id) from error
        if (described := await self._described(schedule_id)) is None:
            raise _unknown(schedule_id)
        return _read(described)

    async def _described(self, schedule_id: str) -> ScheduleDescription | None:
        """None for one that is not there, and for one that is not ours."""
        try:
            found = await self._client.get_schedule_handle(schedule_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise _translated(error, schedule_id) from error
        return found if await found.memo_value(_OURS, None) is not None else None


def _read(found: ScheduleDescription) -> Schedule:
    schedule, info = found.schedule, found.info
    action = schedule.action
    last = info.recent_actions[-1] if info.recent_actions else None
    started = last.action if last is not None else None
    return Schedule(
        id=found.id,
        workflow=action.workflow if isinstance(action, ScheduleActionStartWorkflow) else "",
        paused=schedule.state.paused,
        every=schedule.spec.intervals[0].every if schedule.spec.intervals else None,
        cron=schedule.spec.calendars[0].comment if schedule.spec.calendars else None,
        next_at=info.next_action_times[0] if info.next_action_times else None,
        last_at=last.started_at if last is not None else None,
        last_workflow_id=started.workflow_id if isinstance(started, ScheduleActionExecutionStartWorkflow) else None,
    )


def _unknown(schedule_id: str) -> NotFound:
    return NotFound(f"There is no schedule {schedule_id[:100]}; `ccb schedules` shows them all.")


def _translated(error: RPCError, schedule_id: str) -> CcbError:
    if error.status is RPCStatusCode.NOT_FOUND:
        return _unknown(schedule_id)
    return StorageUnavailable(f"Temporal did not answer: {error.message}")
