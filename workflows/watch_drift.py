"""WatchDrift: one look at the documents of all outside APIs that integrations use, started by its schedule.

Promises: a breaking change opens one update for each integration and new document, whatever is retried; where a run is
under way it is opened at a later look. Documents that cannot be read for days are told to people once. It makes nothing
that would have to be undone: an update is a run of its own.
"""

from itertools import count

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError

from activities.chat import ChatActivities
from activities.drift import DriftActivities
from domain.drift import (
    WATCH_WORKFLOW,
    CheckDrift,
    DriftChecked,
    DriftNotice,
    DriftOf,
    DriftWatchDone,
    Opened,
    WatchDrift,
)
from domain.steps import PostMessage
from workflows import policies
from workflows._steps import record, step

PAGES = 100
"""Pages of one history; after so many it goes on in a new one."""


@workflow.defn(name=WATCH_WORKFLOW, versioning_behavior=VersioningBehavior.PINNED)
class WatchDriftWorkflow:
    @workflow.run
    async def run(self, cmd: WatchDrift) -> DriftWatchDone:
        done, cursor = cmd.so_far, cmd.cursor
        for number in count(1):
            page = CheckDrift(batch=cmd.batch, cursor=cursor)
            found: DriftChecked = await step(DriftActivities.check_batch, page, policies.WATCH, "look at documents")
            opened = [await self._opened(one) for one in found.breaking]
            for one in found.tell:
                await self._tell(one)
            done = DriftWatchDone(
                checked=done.checked + found.checked,
                unreachable=done.unreachable + found.unreachable,
                opened=done.opened + opened.count(True),
                later=done.later + opened.count(False),
            )
            workflow.set_current_details(f"{done.checked} looked at, {done.opened} updates opened")
            cursor = found.next_cursor
            if cursor is None:
                break
            if number == PAGES:
                workflow.continue_as_new(cmd.model_copy(update={"cursor": cursor, "so_far": done}))
        return done

    async def _opened(self, integration_id: str) -> bool:
        """Open an update; False if that has to wait for a later look."""
        try:
            cmd = DriftOf(integration_id=integration_id)
            opened: Opened = await step(DriftActivities.open_update, cmd, policies.TELL, "open an update")
        except ActivityError:
            workflow.logger.warning("update waits for the next look", extra={"integration_id": integration_id})
            return False
        return opened.run_id is not None

    async def _tell(self, integration_id: str) -> None:
        cmd = DriftOf(integration_id=integration_id)
        try:
            notice: DriftNotice = await record(DriftActivities.notice, cmd)
            post = PostMessage(message=notice.message, key=notice.key)
            await step(ChatActivities.post, post, policies.TELL, "tell of a document that is away")
            await record(DriftActivities.told, cmd)
        except ActivityError:
            workflow.logger.warning("word of it waits for the next look", extra={"integration_id": integration_id})
