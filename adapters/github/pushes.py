"""What a push asks for: that what it changed is tested."""

from collections.abc import Iterator

from adapters.github import events, marks
from domain import ids
from domain.errors import NotFound
from domain.intents import Intent, NoIntent, TestIntent
from domain.people import Actor
from domain.ports import Integrations
from domain.registry import Integration
from domain.runs import Delivery
from domain.testing import Commit, TestVersion, Trigger

FOLDER = "integrations"
_MOST = 20
"""Integrations that one push has tested; a larger one is somebody's clean-up, and the night tests them all."""


async def pushed(event: events.PushEvent, delivery: Delivery, by: Actor, integrations: Integrations) -> Intent:
    """A push to the default branch has each integration tested whose folder it touches."""
    repository = event.repository
    if event.ref != f"refs/heads/{repository.default_branch}" or event.deleted:
        return NoIntent(why="not a push to the default branch")
    if event.commits and all(marks.written(commit.message) for commit in event.commits):
        return NoIntent(why="our own commits")
    tests = []
    for name in sorted(set(_touched(event)))[:_MOST]:
        try:
            found = await integrations.find(name)
        except NotFound:
            continue
        if found.repository.lower() == repository.full_name.lower() and found.version is not None:
            tests.append(asked_of(found, event.after, delivery, by))
    return TestIntent(tests=tests) if tests else NoIntent(why="it touches no integration that serves")


def asked_of(found: Integration, sha: str, delivery: Delivery, by: Actor, *, version: str | None = None) -> TestVersion:
    """The test of an integration as a commit has it: the same for each try to handle the delivery."""
    return TestVersion(
        id=ids.derived("tst", f"{found.id}@{sha}", delivery.received_at),
        integration_id=found.id,
        organization_id=found.organization_id,
        version=version,
        trigger=Trigger.PUSH,
        requester=by,
        commit=Commit(repo=found.repository, sha=sha, folder=f"{FOLDER}/{found.name}"),
    )


def _touched(event: events.PushEvent) -> Iterator[str]:
    for commit in event.commits:
        for path in (*commit.added, *commit.modified, *commit.removed):
            parts = path.split("/")
            if len(parts) > 2 and parts[0] == FOLDER:
                yield parts[1]
