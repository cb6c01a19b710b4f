"""What a delivery from outside asks for, in our words. Reading it needs no write credentials."""

from typing import Annotated, Literal

from pydantic import Field

from domain.base import Data
from domain.operations import UpdateIntegration
from domain.people import Actor
from domain.review import Review
from domain.runs import CreateIntegration, HeadMoved
from domain.testing import TestVersion
from domain.vendors import IssueRef, MessageRef, TicketRef


class Origin(Data):
    """Where people can be answered: an issue, a chat message, or a tracker's ticket."""

    issue: IssueRef | None = None
    message: MessageRef | None = None
    ticket: TicketRef | None = None


class CreateIntent(Data):
    kind: Literal["create"] = "create"
    create: CreateIntegration


class UpdateIntent(Data):
    """An issue asks for a new version of an integration that exists."""

    kind: Literal["update"] = "update"
    update: UpdateIntegration
    origin: Origin


class ReviewIntent(Data):
    kind: Literal["review"] = "review"
    integration_id: str
    review: Review
    origin: Origin


class AbandonIntent(Data):
    kind: Literal["abandon"] = "abandon"
    integration_id: str
    by: Actor
    reason: str


class PushIntent(Data):
    """Somebody pushed to the branch that waits for review. `test` tells the commit what it is worth."""

    kind: Literal["push"] = "push"
    integration_id: str
    moved: HeadMoved
    test: TestVersion | None = None


class TestIntent(Data):
    """Somebody pushed what is to be tested."""

    __test__ = False

    kind: Literal["test"] = "test"
    tests: list[TestVersion]


class RefuseIntent(Data):
    """What was meant is clear, but something is missing; people are told what."""

    kind: Literal["refuse"] = "refuse"
    origin: Origin
    reason: str


class AnswerIntent(Data):
    """Somebody asked something; `text` is the answer, in Markdown. Nothing is started or changed."""

    kind: Literal["answer"] = "answer"
    origin: Origin
    text: str


class NoIntent(Data):
    kind: Literal["none"] = "none"
    why: str


Intent = Annotated[
    CreateIntent
    | UpdateIntent
    | ReviewIntent
    | AbandonIntent
    | PushIntent
    | TestIntent
    | RefuseIntent
    | AnswerIntent
    | NoIntent,
    Field(discriminator="kind"),
]


class Interpreted(Data):
    """A delivery read."""

    intent: Intent
