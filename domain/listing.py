"""How integrations are listed and found: what is wanted, in which order, and what people say of one."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from domain.base import Data
from domain.health import HealthState
from domain.ids import IntegrationId
from domain.lifecycle import Operation, Stage
from domain.people import Actor
from domain.plan import CapabilityName, Name
from domain.registry import RegistryEntry

MAX_DESCRIPTION = 2000
_LONGEST_WORD = 40
_MOST_WORDS = 100

Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._/-]{0,38}[a-z0-9])?$")]


class Sort(StrEnum):
    """The order of a list; with `-` the other way round. What is equal is ordered by id, so every order is total."""

    CREATED = "created"
    NEWEST = "-created"
    UPDATED = "updated"
    CHANGED = "-updated"
    NAME = "name"
    NAME_BACKWARDS = "-name"

    @property
    def key(self) -> str:
        return self.value.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.value.startswith("-")


class Wanted(Data):
    """Which integrations, and in which order; each filter that is given narrows it.

    `owner` is a person's id, or channel and name of somebody who is not known here (`github:octocat`). Of `text`, each
    word has to begin a word of the title or the name.
    """

    sort: Sort = Sort.NEWEST
    stage: Stage | None = None
    owner: str | None = None
    capability: CapabilityName | None = None
    label: Label | None = None
    health: HealthState | None = None
    text: str = ""


class About(Data):
    """What people say of an integration, that no run is needed for. Without an owner it is who asked for it."""

    title: str = Field(min_length=1, max_length=300)
    description: str = Field(default="", max_length=MAX_DESCRIPTION)
    labels: Annotated[list[Label], Field(max_length=20)] = []
    owner: Actor | None = None


class RunState(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RunRecord(Data):
    """A run that is or was. `name` is the integration's, `detail` what was asked, `failure` why it came to nothing."""

    id: Annotated[str, StringConstraints(pattern=r"^run_[0-9a-f]{32}$")]
    integration_id: IntegrationId
    name: Name | None
    workflow_id: str
    run_id: str
    operation: Operation
    state: RunState
    requester: Actor
    detail: str = ""
    failure: str | None = None
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None


class RunPage(Data):
    """Runs, the newest first; `next_cursor` is opaque and None at the end."""

    items: list[RunRecord]
    next_cursor: str | None = None


class RegistryPage(Data):
    """A page of registry entries, by name. It may hold less than was asked for and still not be the last."""

    items: list[RegistryEntry]
    next_cursor: str | None = None


def words(*texts: str | None) -> list[str]:
    """The words that a text is found by: each once, sorted, without case."""
    found = {word[:_LONGEST_WORD] for text in texts if text for word in re.findall(r"[^\W_]+", text.casefold())}
    return sorted(found)[:_MOST_WORDS]


def owner_key(actor: Actor) -> str:
    """What an owner is listed under."""
    return actor.person_id or f"{actor.channel}:{actor.name.casefold()}"[:120]
