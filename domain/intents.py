"""What a delivery from outside asks for, in our words. Reading it needs no write credentials."""

from typing import Annotated, Literal

from pydantic import Field

from domain.base import Data
from domain.failing import FailedCheck
from domain.installations import InstallationChange
from domain.operations import UpdateIntegration
from domain.people import Actor
from domain.review import Review
from domain.runs import CreateIntegration, HeadMoved
from domain.testing import TestVersion
from domain.vendors import Button, ChatMessage, Form, IssueRef, MessageRef, Reply, TicketRef


class Origin(Data):
    """Where people are answered: an issue, a chat message, a tracker's ticket; in `reply` whoever asked, alone."""

    issue: IssueRef | None = None
    message: MessageRef | None = None
    ticket: TicketRef | None = None
    reply: Reply | None = None


class CreateIntent(Data):
    """`origin` is where the answer goes that the run itself does not give."""

    kind: Literal["create"] = "create"
    create: CreateIntegration
    origin: Origin = Origin()


class UpdateIntent(Data):
    """An issue asks for a new version of an integration that exists."""

    kind: Literal["update"] = "update"
    update: UpdateIntegration
    origin: Origin
    answer: str = Field(default="", description="What people are told once it is done; empty: nothing.")


class ReviewIntent(Data):
    kind: Literal["review"] = "review"
    integration_id: str
    review: Review
    origin: Origin
    answer: str = Field(default="", description="What people are told once it is done; empty: nothing.")


class AbandonIntent(Data):
    kind: Literal["abandon"] = "abandon"
    integration_id: str
    by: Actor
    reason: str
    pull_request: int | None = Field(default=None, description="Only the run whose pull request this is.")
    origin: Origin = Origin()
    answer: str = Field(default="", description="What people are told once it is done; empty: nothing.")


class RetryIntent(Data):
    """Somebody asks that the run that failed goes on from where it failed."""

    kind: Literal["retry"] = "retry"
    integration_id: str
    by: Actor
    origin: Origin


class CheckIntent(Data):
    """A check failed on some commit; whether it is one of ours has yet to be found at the code host."""

    kind: Literal["check"] = "check"
    check: FailedCheck


class InstallationIntent(Data):
    """Where we are installed has changed; it is recorded."""

    kind: Literal["installation"] = "installation"
    change: InstallationChange


class PushIntent(Data):
    """Somebody pushed to the branch that waits for review. `test` tells the commit what it is worth."""

    kind: Literal["push"] = "push"
    integration_id: str
    moved: HeadMoved
    test: TestVersion | None = None


class TestIntent(Data):
    """Somebody pushed what is to be tested, or asks for a test."""

    __test__ = False

    kind: Literal["test"] = "test"
    tests: list[TestVersion]
    origin: Origin = Origin()
    answer: str = Field(default="", description="What people are told once it is done; empty: nothing.")


class RefuseIntent(Data):
    """What was meant is clear, but something is missing; people are told what."""

    kind: Literal["refuse"] = "refuse"
    origin: Origin
    reason: str
    once: bool = Field(default=True, description="One such answer in a place is enough: the next one takes its place.")


class AnswerIntent(Data):
    """Somebody asked something; `text` is the answer, in Markdown. Nothing is started or changed."""

    kind: Literal["answer"] = "answer"
    origin: Origin
    text: str


class FormIntent(Data):
    """What was meant needs more words: a form asks for them. `trigger` opens one form within seconds of the click.

    `again` asks for the same form, should this have been too late.
    """

    kind: Literal["form"] = "form"
    trigger: str = Field(min_length=1, max_length=200)
    form: Form
    again: Button
    origin: Origin


class HomeIntent(Data):
    """Somebody looks at our page in the chat; `message` is what it shows them."""

    kind: Literal["home"] = "home"
    user: str
    message: ChatMessage


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
    | FormIntent
    | HomeIntent
    | RetryIntent
    | CheckIntent
    | InstallationIntent
    | NoIntent,
    Field(discriminator="kind"),
]


class Interpreted(Data):
    """A delivery read."""

    intent: Intent
