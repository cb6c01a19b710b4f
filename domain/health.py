"""How integrations are watched: what a check says, when a state changes, and what is done when one is down.

All of it is pure. A state changes late in both directions, so that it does not flap: an integration is down after some
bad checks in a row and up again after some good ones; it is degraded when too many of its last checks had trouble (bad,
or slow), and healthy again only when nearly none has.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from domain.base import Data
from domain.ids import DeploymentId, IntegrationId
from domain.plan import Name
from domain.vendors import ChatMessage

SWEEP_WORKFLOW = "SweepHealth"

CALM = 1
"""How many of the last checks may have had trouble in what counts as healthy again."""


class HealthState(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"


class Outcome(StrEnum):
    """What one check says. SLOW is an answer that took over a share of the timeout. Stored by its letter."""

    GOOD = "g"
    SLOW = "s"
    BAD = "b"


Action = Literal["restart", "roll_back", "call"]


class HealthPolicy(Data):
    """When a state changes, and what is done about one that is down.

    `down_after` and `up_after` are checks in a row; `degraded_after` of the last `window` checks with trouble are too
    many; `slow` is a share of the manifest's timeout. `on_down` is done in this order, each step if the one before has
    not helped within `grace`.
    """

    down_after: int = Field(default=3, ge=1, le=50)
    up_after: int = Field(default=2, ge=1, le=50)
    window: int = Field(default=10, ge=2, le=50)
    degraded_after: int = Field(default=3, ge=CALM + 1, le=50)
    slow: float = Field(default=0.5, gt=0, le=1)
    on_down: tuple[Action, ...] = ("restart", "call")
    grace: timedelta = timedelta(minutes=1)


class Standing(Data):
    """What the next check is judged by. `recent` are the outcomes that count, the newest last."""

    state: HealthState = HealthState.HEALTHY
    good_streak: int = 0
    bad_streak: int = 0
    recent: tuple[Outcome, ...] = ()


def next_state(before: Standing, outcome: Outcome, policy: HealthPolicy) -> Standing:
    """The state after one more check.

    An outage counts as one trouble, however long it was: after it, a calm integration is healthy as soon as it is up.
    One that is down again and again comes back as degraded.
    """
    bad = outcome is Outcome.BAD
    good_streak = 0 if bad else before.good_streak + 1
    bad_streak = before.bad_streak + 1 if bad else 0
    down = before.state is HealthState.DOWN
    if bad_streak >= policy.down_after or (down and good_streak < policy.up_after):
        calm = before.recent[: max(0, len(before.recent) - policy.down_after + 1)]
        outage = before.recent if down else (*calm, Outcome.BAD)
        return Standing(state=HealthState.DOWN, good_streak=good_streak, bad_streak=bad_streak, recent=outage)
    # While it was down nothing was kept; the checks that brought it up count from here on.
    recent = (*before.recent, *[Outcome.GOOD] * (good_streak - 1 if down else 0), outcome)[-policy.window :]
    troubles = sum(one is not Outcome.GOOD for one in recent)
    healthy = before.state is HealthState.HEALTHY
    limit = policy.degraded_after - 1 if healthy else CALM
    return Standing(
        state=HealthState.HEALTHY if troubles <= limit else HealthState.DEGRADED,
        good_streak=good_streak,
        bad_streak=bad_streak,
        recent=recent,
    )


class Watched(Data):
    """An integration whose check is due. `interval` and `timeout` are the manifest's, in seconds."""

    integration_id: IntegrationId
    name: Name
    version: str
    deployment_id: DeploymentId
    url: str
    interval: int
    timeout: int
    checked_at: AwareDatetime | None = None


class Look(Data):
    """What a request to a health check met."""

    ok: bool
    latency_ms: float
    detail: str = ""


class Check(Data):
    """One check. `requests` and `errors` are those of callers since the check before."""

    watched: Watched
    at: AwareDatetime
    look: Look
    requests: int = 0
    errors: int = 0

    def outcome(self, policy: HealthPolicy) -> Outcome:
        if not self.look.ok:
            return Outcome.BAD
        return Outcome.SLOW if self.look.latency_ms > policy.slow * self.watched.timeout * 1000 else Outcome.GOOD


class Health(Data):
    """How an integration is. `detail` says what the last bad check met."""

    integration_id: IntegrationId
    state: HealthState
    since: AwareDatetime
    good_streak: int
    bad_streak: int
    checked_at: AwareDatetime
    latency_ms: float
    version: str
    detail: str = ""


class HealthHour(Data):
    """The checks and requests of one hour, which begins at `hour`. Latencies are the checks', in milliseconds."""

    hour: AwareDatetime
    checks: int
    failures: int
    latency_mean_ms: float
    latency_max_ms: float
    requests: int
    errors: int


class Uptime(Data):
    """The share of the checks that were answered well, of the `checks` there were. None without checks."""

    checks: int
    share: float | None = None


def uptime(hours: Sequence[HealthHour], since: datetime) -> Uptime:
    counted = [one for one in hours if one.hour >= since]
    checks = sum(one.checks for one in counted)
    failures = sum(one.failures for one in counted)
    return Uptime(checks=checks, share=1 - failures / checks if checks else None)


class IncidentStep(Data):
    """Something that was done about an incident."""

    action: Action
    at: AwareDatetime
    detail: str = ""


class Incident(Data):
    """An integration was down, from when it was until it was healthy. One is open at a time.

    `settled`: nothing is left to be done or told.
    """

    id: str
    integration_id: IntegrationId
    version: str
    deployment_id: DeploymentId
    cause: str
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    steps: list[IncidentStep] = []
    settled: bool = False

    def did(self, action: Action) -> bool:
        return any(step.action == action for step in self.steps)

    def due(self, policy: HealthPolicy, state: HealthState, now: datetime) -> Action | None:
        """What is to be done now. Nothing about one that is over, or up again and only degraded."""
        if self.closed_at is not None or state is not HealthState.DOWN:
            return None
        left = [action for action in policy.on_down if not self.did(action)]
        if not left or (self.steps and now < self.steps[-1].at + policy.grace):
            return None
        return left[0]


class SweepHealth(Data):
    """Input of the SweepHealth workflow: check whatever falls due for as long as `lasting`, in batches of `batch`."""

    lasting: timedelta = timedelta(0)
    batch: int = Field(default=200, ge=1, le=1000)


class CheckBatch(Data):
    """Check what is due, and what falls due within `lasting`; `leave` are incidents that are not to be looked at."""

    lasting: timedelta
    batch: int
    leave: list[str] = []
    first: bool = False


class Checked(Data):
    """What was checked, how many states changed, and the incidents that something is to be done about.

    `more`: some are due still.
    """

    checks: int = 0
    changes: int = 0
    incidents: list[str] = []
    more: bool = False


class IncidentOf(Data):
    id: str


class Attention(Data):
    """An incident, what is to be done about it now, and how it reads to people."""

    incident: Incident
    action: Action | None = None
    message: ChatMessage


class NoteAction(Data):
    id: str
    action: Action
    detail: str = ""


class Done(Data):
    """What became of an action, in words. `later`: it cannot be done now."""

    detail: str = ""
    later: bool = False


class Swept(Data):
    """Result of the SweepHealth workflow."""

    checks: int = 0
    changes: int = 0
    attended: int = 0
