"""Watching integrations that serve: checks in batches, and what is done about one that is down."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.incident_wording import incident_message
from domain.compatibility import precedence
from domain.errors import CcbError, Conflict, Corrupted, NotFound, VendorError, VerdictInvalid
from domain.health import (
    Attention,
    Check,
    CheckBatch,
    Checked,
    Done,
    HealthPolicy,
    HealthState,
    Incident,
    IncidentOf,
    Look,
    NoteAction,
    Watched,
)
from domain.operations import DeployVersion
from domain.people import Actor, Channel
from domain.ports import HealthBook, Integrations, Prober, Restarts, Runs, Target
from domain.registry import Version

LOOK_EVERY = timedelta(seconds=5)
"""How often a batch looks for checks that have fallen due."""

AT_ONCE = 50
"""Checks at the same time."""

FIRST_FIGURES = 60.0
"""Seconds of traffic that the first check of an integration counts."""

MOST_INCIDENTS = 100
BOT = Actor(channel=Channel.API, name="ccb", bot=True)


class HealthActivities:
    """Checks, and restarts. `kept`: for how long the figures of an hour are."""

    def __init__(
        self, book: HealthBook, prober: Prober, target: Target, *, policy: HealthPolicy, kept: timedelta
    ) -> None:
        self._book = book
        self._prober = prober
        self._target = target
        self._policy = policy
        self._kept = kept

    @activity.defn(name="health.check_batch")
    async def check_batch(self, cmd: CheckBatch) -> Checked:
        """Check what is due, a batch at a time, until `lasting` is over or an incident is to be looked at.

        Tried again it goes on where it was: what was recorded is not due any more. What falls due later than `lasting`
        is left to the next: else a sweep over more than can be checked in an interval would never end.
        """
        until = activity.info().scheduled_time + cmd.lasting
        done = Checked()
        if cmd.first:
            await self._book.prune(datetime.now(UTC) - self._kept)
        while True:
            due = await self._book.due(cmd.batch, by=until)
            changes = await self._book.record(await self._checks(due), self._policy)
            done = Checked(checks=done.checks + len(due), changes=done.changes + changes)
            incidents = [one.id for one in await self._needing() if one.id not in cmd.leave]
            more = len(due) == cmd.batch
            activity.heartbeat(done.checks)
            over = datetime.now(UTC) >= until or activity.is_worker_shutdown()
            if incidents or (over and (not more or activity.is_worker_shutdown())):
                return done.model_copy(update={"incidents": incidents, "more": more})
            if not more:
                await _pause(until)

    async def _checks(self, due: Sequence[Watched]) -> list[Check]:
        places = asyncio.Semaphore(AT_ONCE)

        async def check(watched: Watched) -> Check:
            async with places:
                return await self._check(watched)

        return list(await asyncio.gather(*map(check, due)))

    async def _check(self, watched: Watched) -> Check:
        at = datetime.now(UTC)
        look = await self._prober.look(watched.url, timeout=watched.timeout)
        if not look.ok:
            look = await self._explained(watched, look)
        seconds = (at - watched.checked_at).total_seconds() if watched.checked_at else FIRST_FIGURES
        try:
            traffic = await self._target.traffic(watched.deployment_id, seconds=max(seconds, 1.0))
        except (NotFound, VendorError):  # figures are lost with it, the check is not
            return Check(watched=watched, at=at, look=look)
        return Check(watched=watched, at=at, look=look, requests=traffic.requests, errors=traffic.errors)

    async def _explained(self, watched: Watched, look: Look) -> Look:
        """What the target knows about one that does not answer."""
        try:
            status = await self._target.status(watched.deployment_id)
        except CcbError as error:
            detail = f"{look.detail}; the target says: {error.message}"
        else:
            words = f"{look.detail}; the target says it is {status.state}, restarted {status.restarts} times"
            detail = f"{words}: {status.detail}" if status.detail else words
        return look.model_copy(update={"detail": detail[:1000]})

    async def _needing(self) -> list[Incident]:
        """Incidents with something to be done now, and those that are over and not settled."""
        found = []
        for incident in await self._book.unsettled(MOST_INCIDENTS):
            state = await _state(self._book, incident)
            if incident.closed_at is not None or incident.due(self._policy, state, datetime.now(UTC)):
                found.append(incident)
        return found

    @activity.defn(name="health.restart")
    async def restart(self, cmd: IncidentOf) -> Done:
        """End its process, hung or not, and have it started anew. Targets that do so by themselves are left alone."""
        incident = await self._book.incident(cmd.id)
        if not isinstance(self._target, Restarts):
            return Done(detail="its target restarts it by itself")
        try:
            await self._target.restart(incident.deployment_id)
        except NotFound:
            return Done(detail="there is nothing to restart: its deployment is gone")
        return Done(detail="its process was ended, to be started anew")


class IncidentActivities:
    """What is decided about an incident, noted, and done through runs."""

    def __init__(self, book: HealthBook, integrations: Integrations, runs: Runs, *, policy: HealthPolicy) -> None:
        self._book = book
        self._integrations = integrations
        self._runs = runs
        self._policy = policy

    @activity.defn(name="incident.look")
    async def look(self, cmd: IncidentOf) -> Attention:
        return await self._attention(await self._book.incident(cmd.id))

    @activity.defn(name="incident.note")
    async def note(self, cmd: NoteAction) -> Attention:
        return await self._attention(await self._book.note(cmd))

    @activity.defn(name="incident.settle")
    async def settle(self, cmd: IncidentOf) -> None:
        await self._book.settle(cmd.id)

    @activity.defn(name="incident.roll_back")
    async def roll_back(self, cmd: IncidentOf) -> Done:
        """Start the return to the version before, once for an incident."""
        incident = await self._book.incident(cmd.id)
        integration = await self._integrations.get(incident.integration_id)
        entry = await self._integrations.entry(incident.integration_id)
        if entry is None or entry.version != incident.version:
            return Done(detail=f"{incident.version} does not serve any more")
        back_to = _before(await self._integrations.versions(integration.id), incident.version)
        if back_to is None:
            return Done(detail="there is no version before it")
        deploy = DeployVersion(
            integration_id=integration.id,
            organization_id=integration.organization_id,
            requester=BOT,
            repository=integration.repository,
            issue=integration.issue,
            ticket=integration.ticket,
            version=back_to.version,
            rollback=True,
            reason=f"{integration.name} {incident.version} is down: {incident.cause}"[:1000],
            request_key=f"incident/{incident.id}",
        )
        try:
            await self._runs.start(deploy)
        except Conflict as error:
            if "run_id" not in error.details:  # else it is the run that this incident started before
                return Done(detail=error.message, later=True)
        except (NotFound, VerdictInvalid, Corrupted) as error:
            return Done(detail=f"it cannot return to {back_to.version}: {error.message}")
        return Done(detail=f"it returns to {back_to.version}")

    async def _attention(self, incident: Incident) -> Attention:
        integration = await self._integrations.get(incident.integration_id)
        state = await _state(self._book, incident)
        return Attention(
            incident=incident,
            action=incident.due(self._policy, state, datetime.now(UTC)),
            message=incident_message(integration.name or integration.title, incident, state),
        )


async def _state(book: HealthBook, incident: Incident) -> HealthState:
    health = await book.read(incident.integration_id)
    return health.state if health is not None else HealthState.HEALTHY


def _before(versions: Sequence[Version], version: str) -> Version | None:
    """The newest that was proven and is older than `version`."""
    proven = [one for one in versions if one.verdict and precedence(one.version) < precedence(version)]
    return max(proven, key=lambda one: precedence(one.version), default=None)


async def _pause(until: datetime) -> None:
    """Until it is time to look again, `until`, or the worker is to end."""
    left = min(LOOK_EVERY, until - datetime.now(UTC)).total_seconds()
    if left > 0:
        try:
            await asyncio.wait_for(activity.wait_for_worker_shutdown(), timeout=left)
        except TimeoutError:
            return
