"""SweepHealth: one sweep over the health of all integrations, started again and again by its schedule.

Promises: each check that is due is made; each incident is acted on once, whatever is retried. A whole sweep is one step
(`health.check_batch`) as long as nothing goes down or comes up again, so its history does not grow with the number of
integrations or checks. It makes nothing that would have to be undone: a rollback is a run of its own.
"""

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError

from activities.chat import ChatActivities
from activities.health import HealthActivities, IncidentActivities
from domain.health import (
    SWEEP_WORKFLOW,
    Action,
    Attention,
    CheckBatch,
    Checked,
    Done,
    IncidentOf,
    NoteAction,
    SweepHealth,
    Swept,
)
from domain.steps import PostMessage, UpdateMessage
from workflows import policies
from workflows._steps import record, step

MOST_STEPS = 200
"""Batches that a sweep takes at most; the next one goes on."""


@workflow.defn(name=SWEEP_WORKFLOW, versioning_behavior=VersioningBehavior.PINNED)
class SweepHealthWorkflow:
    @workflow.run
    async def run(self, cmd: SweepHealth) -> Swept:
        until = workflow.now() + cmd.lasting
        swept, later = Swept(), list[str]()
        for number in range(MOST_STEPS):
            left = max(until - workflow.now(), policies.NO_TIME)
            batch = CheckBatch(lasting=left, batch=cmd.batch, leave=later, first=number == 0)
            found: Checked = await step(HealthActivities.check_batch, batch, policies.SWEEP, "check what is due")
            for incident in found.incidents:
                if not await self._attended(incident):
                    later.append(incident)
            swept = Swept(
                checks=swept.checks + found.checks,
                changes=swept.changes + found.changes,
                attended=swept.attended + len(found.incidents),
            )
            workflow.set_current_details(f"{swept.checks} checks, {swept.changes} changes")
            if workflow.now() >= until and not found.more and not found.incidents:
                break
        return swept

    async def _attended(self, incident_id: str) -> bool:
        """Do what is due about an incident; False if it has to wait for the next sweep."""
        try:
            attention: Attention = await record(IncidentActivities.look, IncidentOf(id=incident_id))
            if attention.action is not None:
                done = await self._act(attention, attention.action)
                if done.later:
                    return False
                noted = NoteAction(id=incident_id, action=attention.action, detail=done.detail)
                attention = await record(IncidentActivities.note, noted)
            if attention.incident.did("call") and _more_to_say(attention):
                await self._update(attention)
            if attention.incident.closed_at is not None:
                await record(IncidentActivities.settle, IncidentOf(id=incident_id))
        except ActivityError:
            workflow.logger.warning("incident waits for the next sweep", extra={"incident": incident_id})
            return False
        return True

    async def _act(self, attention: Attention, action: Action) -> Done:
        cmd = IncidentOf(id=attention.incident.id)
        match action:
            case "restart":
                return await step(HealthActivities.restart, cmd, policies.MEND, "restart it")
            case "roll_back":
                return await step(IncidentActivities.roll_back, cmd, policies.TELL, "roll back")
            case "call":
                post = PostMessage(message=attention.message, key=_key(attention))
                await step(ChatActivities.post, post, policies.TELL, "call a person")
                return Done()

    async def _update(self, attention: Attention) -> None:
        update = UpdateMessage(key=_key(attention), message=attention.message)
        await step(ChatActivities.update, update, policies.TELL, "bring the message up to date")


def _more_to_say(attention: Attention) -> bool:
    """Whether there is more to say than when the person was called."""
    return attention.incident.closed_at is not None or attention.incident.steps[-1].action != "call"


def _key(attention: Attention) -> str:
    return f"incident/{attention.incident.id}"
