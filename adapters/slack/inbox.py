"""What a delivery of Slack asks for, in our words. Nothing that a bot did, ourselves among them, leads to anything."""

from typing import TypeVar

from pydantic import ValidationError

from adapters.slack import commands, forms
from adapters.slack.commands import READING, Verb
from adapters.slack.desk import APPROVE, REQUEST_CHANGES, Desk, actor, stranger
from adapters.slack.directory import Directory
from adapters.slack.forms import ChangesState, CreateState, Reviewed, Titled
from adapters.slack.webhooks import Challenge, Click, Command, Delivered, Event, Submission, Unused, parse
from domain import ids
from domain.access import Acting, Permission
from domain.authorization import NOTHING, requested
from domain.conversation import Budget
from domain.errors import CcbError, InvalidInput, VendorRejected
from domain.intents import (
    AnswerIntent,
    CreateIntent,
    FormIntent,
    HomeIntent,
    Intent,
    NoIntent,
    Origin,
    RefuseIntent,
    ReviewIntent,
)
from domain.review import Decision, Review, ReviewPolicy
from domain.runs import CreateIntegration, Delivery, DocumentSource, IntegrationRequest
from domain.vendors import Button, ChatMessage, Reply

Value = TypeVar("Value", Reviewed, Titled)
State = TypeVar("State", CreateState, ChangesState)

_REVOKED = {
    "app_uninstalled": "Slack says that the app was uninstalled: install it again, and set CCB_SLACK_TOKEN.",
    "tokens_revoked": "Slack says that tokens of the app were revoked: install it again, and set CCB_SLACK_TOKEN.",
}


class SlackInbox:
    """Implements `domain.ports.Inbox`. `repository` is where integrations go that name none."""

    def __init__(
        self, desk: Desk, directory: Directory, *, policy: ReviewPolicy, budget: Budget, repository: str | None
    ) -> None:
        self._desk = desk
        self._directory = directory
        self._policy = policy
        self._budget = budget
        self._repository = repository or ""

    async def interpret(self, delivery: Delivery, body: bytes) -> Intent:
        try:
            sent = parse(body)
        except InvalidInput as error:
            return NoIntent(why=error.message)
        if isinstance(sent, Challenge | Unused):
            return NoIntent(why=sent.why if isinstance(sent, Unused) else "a challenge")
        if sent.event in _REVOKED:
            return RefuseIntent(origin=Origin(), reason=f"{_REVOKED[sent.event]} ({sent.team})")
        try:
            if not await self._directory.serves(sent.team):
                return NoIntent(why=f"sent by the workspace {sent.team}, which is not one of CCB_SLACK_TEAMS")
            if isinstance(sent, Event):
                return await self._event(sent)
            return await self._asked_by_person(sent, delivery)
        except VendorRejected as error:
            return NoIntent(why=error.message)

    async def _event(self, event: Event) -> Intent:
        if event.bot or not event.user:
            return NoIntent(why="done by a bot")
        caller = await self._caller(event.user)
        if event.event == "app_home_opened":
            if caller is None:
                return HomeIntent(user=event.user, message=_hello(stranger(event.user)))
            return HomeIntent(user=event.user, message=await self._desk.home(caller))
        origin = Origin(reply=Reply(user=event.user, channel=event.channel, thread=event.thread))
        if caller is None:
            return RefuseIntent(origin=origin, reason=stranger(event.user))
        try:
            asked = commands.mentioned(event.text)
            if asked.verb not in READING:
                return AnswerIntent(origin=origin, text=f"Type `{commands.COMMAND} {asked.verb}` for that.")
            return AnswerIntent(origin=origin, text=_shown(await self._desk.answer(caller, asked)))
        except CcbError as error:
            return _refused(origin, error)

    async def _asked_by_person(self, sent: Command | Click | Submission, delivery: Delivery) -> Intent:
        caller = await self._caller(sent.user_id)
        origin = Origin(reply=_reply(sent))
        if caller is None:
            return RefuseIntent(origin=origin, reason=stranger(sent.user_id))
        try:
            match sent:
                case Command():
                    return await self._command(sent, caller, delivery, origin)
                case Click():
                    return await self._click(sent, caller, delivery, origin)
                case Submission():
                    return await self._submission(sent, caller, delivery, origin)
        except CcbError as error:
            return _refused(origin, error)

    async def _command(self, sent: Command, caller: Acting, delivery: Delivery, origin: Origin) -> Intent:
        asked = commands.read(sent.text)
        match asked.verb:
            case Verb.CREATE:
                return self._create_form(sent, caller, asked.words, origin)
            case Verb.APPROVE:
                _, reviewed = await self._desk.reviewable(caller, asked.name, at=delivery.received_at)
                return _review(delivery, caller, Decision.APPROVE, reviewed, asked.words, origin)
            case Verb.CHANGES:
                found, reviewed = await self._desk.reviewable(caller, asked.name, at=delivery.received_at)
                if asked.words:
                    return _review(delivery, caller, Decision.REQUEST_CHANGES, reviewed, asked.words, origin)
                return _changes_form(sent, reviewed, found.name or "", origin)
        return AnswerIntent(origin=origin, text=_shown(await self._desk.answer(caller, asked)))

    def _create_form(self, sent: Command | Click, caller: Acting, title: str, origin: Origin) -> Intent:
        if not caller.rights.has(Permission.INTEGRATIONS_CREATE):  # conditions are asked of what is filled in
            self._desk.require(caller, Permission.INTEGRATIONS_CREATE, NOTHING)
        title, state = title[:300], CreateState(reply=sent.reply)
        form = forms.create_form(repository=self._repository, title=title, state=state)
        again = Button(text="Open the form", action=forms.CREATE, value=Titled(title=title).model_dump_json())
        return FormIntent(trigger=sent.trigger, form=form, again=again, origin=origin)

    async def _click(self, sent: Click, caller: Acting, delivery: Delivery, origin: Origin) -> Intent:
        if sent.action == forms.CREATE:
            return self._create_form(sent, caller, _value(Titled, sent).title, origin)
        if sent.action not in {APPROVE, REQUEST_CHANGES}:
            return NoIntent(why=f"no button of ours: {sent.action[:100]}")
        reviewed = _value(Reviewed, sent)
        found = await self._desk.found(caller, reviewed.integration_id)
        self._desk.may(caller, Permission.RUNS_REVIEW, found)
        if sent.action == APPROVE:
            return _review(delivery, caller, Decision.APPROVE, reviewed, "", origin)
        return _changes_form(sent, reviewed, found.name or "", origin)

    async def _submission(self, sent: Submission, caller: Acting, delivery: Delivery, origin: Origin) -> Intent:
        if sent.kind == forms.CHANGES:
            reviewed = _state(ChangesState, sent)
            found = await self._desk.found(caller, reviewed.integration_id)
            self._desk.may(caller, Permission.RUNS_REVIEW, found)
            words = forms.words(sent.values)
            return _review(delivery, caller, Decision.REQUEST_CHANGES, reviewed, words, origin)
        if sent.kind != forms.CREATE:
            return NoIntent(why=f"no form of ours: {sent.kind[:100]}")
        if caller.kind == "service":
            return NoIntent(why="done by a machine")
        wanted = forms.wanted(sent.values)
        self._desk.require(caller, Permission.INTEGRATIONS_CREATE, requested(wanted.name))
        create = CreateIntegration(
            # The same form is the same integration, however often its delivery is read.
            integration_id=ids.derived("int", f"slack:{sent.id}", delivery.received_at),
            organization_id=caller.organization_id,
            request=IntegrationRequest(
                title=wanted.title,
                description=wanted.description,
                document=DocumentSource(url=wanted.document),
                name=wanted.name,
            ),
            requester=actor(caller),
            repository=wanted.repository,
            policy=self._policy,
            budget=self._budget,
        )
        return CreateIntent(create=create, origin=origin)

    async def _caller(self, user_id: str) -> Acting | None:
        known = await self._desk.caller(user_id)
        if known is not None:
            return known
        email = await self._directory.email(user_id)
        return None if email is None else await self._desk.by_email(email)


def _review(
    delivery: Delivery, caller: Acting, decision: Decision, reviewed: Reviewed, words: str, origin: Origin
) -> ReviewIntent:
    review = Review(
        id=f"slack:{delivery.id}",
        reviewer=actor(caller),
        decision=decision,
        content_hash=reviewed.content_hash,
        comment=words[:10_000],
        at=delivery.received_at,
    )
    return ReviewIntent(integration_id=reviewed.integration_id, review=review, origin=origin)


def _changes_form(sent: Command | Click, reviewed: Reviewed, name: str, origin: Origin) -> FormIntent:
    state = ChangesState(**reviewed.model_dump(), reply=sent.reply)
    again = Button(text="Request changes", action=REQUEST_CHANGES, value=reviewed.model_dump_json())
    return FormIntent(trigger=sent.trigger, form=forms.changes_form(state, name=name), again=again, origin=origin)


def _reply(sent: Delivered) -> Reply | None:
    """Where they are answered; of a form, where what opened it was asked."""
    if isinstance(sent, Event):
        return None
    if not isinstance(sent, Submission):
        return sent.reply
    try:
        match sent.kind:
            case forms.CREATE:
                return _state(CreateState, sent).reply
            case forms.CHANGES:
                return _state(ChangesState, sent).reply
    except InvalidInput:
        return sent.reply  # it is refused by what reads it next
    return sent.reply


def _state(kind: type[State], sent: Submission) -> State:
    try:
        return kind.model_validate_json(sent.state)
    except ValidationError as error:
        raise InvalidInput("This form is not one of ours any more: begin anew.") from error


def _value(kind: type[Value], sent: Click) -> Value:
    try:
        return kind.model_validate_json(sent.value)
    except ValidationError as error:
        raise InvalidInput("This button is not one of ours any more.") from error


def _refused(origin: Origin, error: CcbError) -> RefuseIntent:
    if error.retryable:
        raise error
    return RefuseIntent(origin=origin, reason=error.message)


def _shown(message: ChatMessage) -> str:
    return f"**{message.title}**\n{message.text}"


def _hello(text: str) -> ChatMessage:
    return ChatMessage(title="Claude Code Bot", text=text)
