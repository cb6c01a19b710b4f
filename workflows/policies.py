"""Every timeout and retry. Workflows say which policy, never how long.

Retries belong to Temporal: vendors' own are off, and a step's error says by its code whether one can help. The
heartbeat timeout is short because every step beats by itself: it is how soon a killed worker is noticed.
"""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from domain.runs import BUILD_QUEUE, CLAUDE_QUEUE, DEPLOY_QUEUE

_WORKER_LIVES = timedelta(seconds=10)
_PATIENT = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)
)

RECORD = LocalActivityConfig(
    start_to_close_timeout=timedelta(seconds=15),
    schedule_to_close_timeout=timedelta(hours=6),
    retry_policy=_PATIENT,
)
"""A transaction of our own, or work on artifacts: quick, repeatable, so without a task of its own."""

READ = ActivityConfig(
    start_to_close_timeout=timedelta(minutes=1),
    schedule_to_close_timeout=timedelta(minutes=3),
    heartbeat_timeout=_WORKER_LIVES,
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=4),
)
"""A read that somebody waits for: what cannot be read soon is refused."""

VENDOR_WRITE = ActivityConfig(
    start_to_close_timeout=timedelta(minutes=1),
    schedule_to_close_timeout=timedelta(hours=6),
    heartbeat_timeout=_WORKER_LIVES,
    retry_policy=_PATIENT,
)
"""A change at an outside system: a vendor may be away for hours, and the run only waits."""

TELL = VENDOR_WRITE | ActivityConfig(schedule_to_close_timeout=timedelta(minutes=5))
"""Telling that something has begun: it may come late, but what has begun does not wait for it."""

ANSWER = VENDOR_WRITE | ActivityConfig(schedule_to_close_timeout=timedelta(minutes=20))
"""An answer to one person in the chat, who can be answered for half an hour."""

SAY = VENDOR_WRITE | ActivityConfig(
    start_to_close_timeout=timedelta(seconds=5), schedule_to_close_timeout=timedelta(seconds=10)
)
"""Something said on the way that is said again later: a run does not wait long for it."""

FORM = VENDOR_WRITE | ActivityConfig(
    start_to_close_timeout=timedelta(seconds=5), schedule_to_close_timeout=timedelta(seconds=10)
)
"""A form opens within three seconds of the click, or not at all."""

CLAUDE_TURN = VENDOR_WRITE | ActivityConfig(
    task_queue=CLAUDE_QUEUE,
    start_to_close_timeout=timedelta(minutes=15),
    # What Claude cannot do now costs time, never a run.
    schedule_to_close_timeout=timedelta(days=7),
)

BUILD = VENDOR_WRITE | ActivityConfig(
    task_queue=BUILD_QUEUE,
    start_to_close_timeout=timedelta(minutes=10),
    schedule_to_close_timeout=timedelta(hours=2),
)

NIGHT = VENDOR_WRITE | ActivityConfig(
    start_to_close_timeout=timedelta(hours=12), schedule_to_close_timeout=timedelta(hours=20)
)
"""The tests of a page of integrations: a night has an end."""

DEPLOY = BUILD | ActivityConfig(task_queue=DEPLOY_QUEUE)

LOOK = READ | ActivityConfig(task_queue=DEPLOY_QUEUE)
"""A look at the target that somebody waits for."""

ASK = DEPLOY | ActivityConfig(start_to_close_timeout=timedelta(minutes=5), schedule_to_close_timeout=timedelta(hours=1))
"""Asking what is deployed, as its callers do."""

AWAIT_HEALTHY = DEPLOY | ActivityConfig(
    start_to_close_timeout=timedelta(minutes=2), schedule_to_close_timeout=timedelta(minutes=6)
)
"""How long a new version may take to answer its health check."""

JUDGE = DEPLOY | ActivityConfig(
    start_to_close_timeout=timedelta(seconds=30), schedule_to_close_timeout=timedelta(minutes=2)
)
"""One look at a rollout. A target that says nothing of it for longer is reason enough to go back."""

SWEEP = DEPLOY | ActivityConfig(start_to_close_timeout=timedelta(hours=1))
"""Checks of all integrations, for as long as a sweep lasts; a killed worker is noticed by its heartbeat."""

MEND = DEPLOY | ActivityConfig(schedule_to_close_timeout=timedelta(minutes=5))
"""Something done to a deployment that is down: the sweep that looks after all others waits for it."""

WATCH = VENDOR_WRITE | ActivityConfig(start_to_close_timeout=timedelta(minutes=30))
"""A page of outside APIs' documents, each of which may take its time."""

_TO_UNDO = ActivityConfig(schedule_to_close_timeout=timedelta(days=1))
UNDO = VENDOR_WRITE | _TO_UNDO
"""Undo is more patient than do."""

UNDO_DEPLOY = DEPLOY | _TO_UNDO
UNDO_RECORD = RECORD | LocalActivityConfig(schedule_to_close_timeout=timedelta(days=1))

LOOK_AGAIN = timedelta(hours=1)
"""How long a run that waits for secrets, or for room in a limit, goes without looking: the word of it can be lost."""

LOOK_AT_LAST = timedelta(days=1)
"""The same after it has looked often: each look is a dozen events, and somebody may wait for a year."""

LOOK_SOON = timedelta(seconds=10)
"""How long it waits at least: clocks differ, and a limit may begin anew a moment later there than here."""

NO_TIME = timedelta(0)

OUTAGE = timedelta(minutes=15)
"""How long a rollout outlasts its time while neither the new version nor the old one answers."""

NEEDS_WINDOW = timedelta(days=14)
"""How long a version waits for other integrations that it needs; as long as for a review."""


def between_looks_for_needs(waited: timedelta) -> timedelta:
    """How long a run that waits for other integrations goes without looking: a quarter of the time it has waited, so
    that what was started together comes one after the other, and two weeks are 60 looks of half a dozen events.
    """
    return min(max(timedelta(seconds=2), waited / 4), LOOK_AT_LAST)


def between_looks(hold: timedelta) -> timedelta:
    """How soon it is seen that a new version is worse: five seconds; with a long `hold` a twentieth of it, at most
    20 looks, so that a history stays short.
    """
    return min(max(timedelta(seconds=5), hold / 20), hold)
