"""What Slack is answered at once, and whether a delivery is kept to be handled behind the answer.

Slack waits three seconds. So what only reads is answered here, from the database; what changes something, or needs
Slack, is kept, and answered by the workers once it is known what came of it.
"""

from pydantic import JsonValue

from adapters.slack import blocks, commands, forms
from adapters.slack.commands import READING, Verb
from adapters.slack.desk import Desk, stranger
from adapters.slack.webhooks import Click, Command, Delivered, Event, Submission
from domain.access import Acting
from domain.base import Data
from domain.errors import CcbError, InvalidInput
from domain.plan import Name
from domain.vendors import ChatMessage

Json = dict[str, JsonValue]


class Acknowledged(Data):
    """`answer` is the body for Slack, None an empty one; `kept`: the delivery is to be stored before it is given."""

    answer: Json | None = None
    kept: bool = True


class Acknowledging:
    """`teams`: whose deliveries are taken; empty: the workers find out. `match_email`: they may find out who it is."""

    def __init__(self, desk: Desk, *, teams: frozenset[str], match_email: bool) -> None:
        self._desk = desk
        self._teams = teams
        self._match_email = match_email

    async def acknowledge(self, sent: Delivered) -> Acknowledged:
        """Raises CcbErrors that trying again may help against; others are for whoever typed or clicked."""
        if self._teams and sent.team not in self._teams:
            told = f"Claude Code Bot does not serve this workspace ({sent.team})."
            return Acknowledged(kept=False, answer=_ephemeral(told) if isinstance(sent, Command) else None)
        match sent:
            case Event() | Click():
                return Acknowledged()
            case Submission():
                return await self._submitted(sent)
            case Command():
                try:
                    return await self._typed(sent)
                except CcbError as error:
                    if error.retryable:
                        raise
                    return Acknowledged(kept=False, answer=_ephemeral(error.message))

    async def _typed(self, sent: Command) -> Acknowledged:
        caller = await self._desk.caller(sent.user_id)
        if caller is None and self._match_email:
            return Acknowledged()
        if caller is None:
            return Acknowledged(kept=False, answer=_ephemeral(stranger(sent.user_id)))
        asked = commands.read(sent.text)
        if asked.verb in READING:
            return Acknowledged(kept=False, answer=message(await self._desk.answer(caller, asked)))
        if asked.verb is Verb.CREATE or (asked.verb is Verb.CHANGES and not asked.words):
            return Acknowledged()  # the form that opens is the answer
        decision = "approval" if asked.verb is Verb.APPROVE else "request for changes"
        told = f"Your {decision} of *{asked.name}* is being counted; you are told here what came of it."
        return Acknowledged(answer=_ephemeral(told))

    async def _submitted(self, sent: Submission) -> Acknowledged:
        try:
            if sent.kind == forms.CREATE:
                wanted = forms.wanted(sent.values)
                await self._free(wanted.name, await self._desk.caller(sent.user_id))
            elif sent.kind == forms.CHANGES:
                forms.words(sent.values)
        except forms.FieldErrors as error:
            fields: Json = dict(error.by_field)
            return Acknowledged(kept=False, answer={"response_action": "errors", "errors": fields})
        except InvalidInput:
            return Acknowledged(kept=False)
        return Acknowledged()

    async def _free(self, name: Name | None, caller: Acting | None) -> None:
        if name is not None and caller is not None and await self._desk.taken(caller, name):
            raise forms.FieldErrors.of({"name": f"{name} is taken: choose another, or leave it empty."})


def message(said: ChatMessage) -> Json:
    """A message that only whoever asked sees, as the answer to what they typed."""
    return {
        "response_type": "ephemeral",
        "text": blocks.text(said),
        "blocks": [block.to_dict() for block in blocks.blocks(said)],
    }


def _ephemeral(text: str) -> Json:
    return message(ChatMessage(title="Claude Code Bot", text=text))
