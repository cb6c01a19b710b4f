"""What Slack sends us: events, slash commands, clicks, and forms that were filled in. All of it comes to one address.

Source: https://docs.slack.dev/apis/events-api, /interactivity/implementing-slash-commands and
/reference/interaction-payloads
"""

from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import JsonValue, StringConstraints, TypeAdapter, ValidationError

from adapters.slack import payloads
from domain.base import Data
from domain.errors import InvalidInput
from domain.vendors import Reply

MAX_BODY_BYTES = 1_000_000
_JSON: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,150}$")]


class Malformed(InvalidInput):
    """The body is none that Slack sends."""

    code = "malformed"
    http_status = 400


class Sent(Data):
    """What all deliveries have. `id` names the delivery: Slack sends it again under the same one, we handle it once."""

    id: Id
    event: str
    team: str


class Event(Sent):
    """Something that happened. `user` is who did it; `bot` if it was no person, or ourselves."""

    user: str = ""
    bot: bool = False
    text: str = ""
    channel: str = ""
    thread: str = ""


class FromPerson(Sent):
    """Somebody did this. `reply` is how they are answered; `trigger` opens a form within three seconds."""

    user_id: str
    user_name: str
    reply: Reply
    trigger: str


class Command(FromPerson):
    """Somebody typed a slash command."""

    command: str
    text: str


class Click(FromPerson):
    """Somebody clicked a button of ours, of a message or of our page. `value` is what we gave the button."""

    action: str
    value: str


class Submission(FromPerson):
    """Somebody filled in a form of ours of this `kind`. `values` by field; `state` is what we gave the form."""

    kind: str
    state: str
    values: dict[str, str]


class Challenge(Data):
    """Slack asks whether this address is ours: it wants the word back."""

    word: str


class Unused(Data):
    """Something that nothing of ours follows from."""

    why: str


Delivered = Event | Command | Click | Submission
Parsed = Delivered | Challenge | Unused

EVENTS = {"app_mention", "app_home_opened", "app_uninstalled", "tokens_revoked"}
"""What we use of the Events API."""


def parse(body: bytes) -> Parsed:
    """A verified request's body, read. Raises Malformed, and InvalidInput where a part of it is not as published."""
    if len(body) > MAX_BODY_BYTES:
        raise InvalidInput("The body is larger than anything Slack sends.")
    try:
        if body.lstrip()[:1] == b"{":
            return _event(body)
        form = _form(body)
        if "payload" in form:
            return _interaction(form["payload"])
        if "ssl_check" in form:
            return Unused(why="Slack checks this address's certificate")
        return _command(form)
    except ValidationError as error:
        raise InvalidInput(f"The body is not as Slack publishes it: {_places(error)}.", field=_place(error)) from error


def _event(body: bytes) -> Parsed:
    envelope = payloads.Envelope.model_validate(_object(body))
    if envelope.type == "url_verification":
        return Challenge(word=payloads.UrlVerification.model_validate_json(body).challenge)
    if envelope.type != "event_callback":
        return Unused(why=f"no use for a {envelope.type}")
    if envelope.event.type not in EVENTS:
        return Unused(why=f"no use for the event {envelope.event.type}")
    callback = payloads.EventCallback.model_validate_json(body)
    event = callback.event
    return Event(
        id=callback.event_id,
        event=event.type,
        team=callback.team_id,
        user=event.user,
        bot=callback.by_a_bot(),
        text=event.text,
        channel=event.channel,
        thread=event.thread_ts,
    )


def _interaction(payload: str) -> Parsed:
    kind = payloads.Envelope.model_validate(_object(payload)).type
    if kind == "block_actions":
        return _click(payloads.BlockActions.model_validate_json(payload))
    if kind == "view_submission":
        return _submission(payloads.ViewSubmission.model_validate_json(payload))
    return Unused(why=f"no use for a {kind}")


def _click(found: payloads.BlockActions) -> Parsed:
    button = found.actions[0]
    return Click(
        id=found.trigger_id,
        event=found.type,
        team=found.team_id,
        user_id=found.user.id,
        user_name=found.user.called,
        reply=Reply(user=found.user.id, channel=found.channel.id, thread=found.thread, url=found.response_url),
        trigger=found.trigger_id,
        action=button.action_id,
        value=button.value,
    )


def _submission(found: payloads.ViewSubmission) -> Parsed:
    view = found.view
    return Submission(
        # Of a form that is sent again, because the answer was lost, this stays the same; its trigger does not.
        id=view.id,
        event=found.type,
        team=found.team_id,
        user_id=found.user.id,
        user_name=found.user.called,
        reply=Reply(user=found.user.id),
        trigger=found.trigger_id,
        kind=view.callback_id,
        state=view.private_metadata,
        values=view.values(),
    )


def _command(form: dict[str, str]) -> Parsed:
    found = payloads.SlashCommand.model_validate(form)
    return Command(
        id=found.trigger_id,
        event="command",
        team=found.team_id,
        user_id=found.user_id,
        user_name=found.user_name,
        reply=Reply(user=found.user_id, channel=found.channel_id, url=found.response_url),
        trigger=found.trigger_id,
        command=found.command,
        text=found.text.strip(),
    )


def _object(text: bytes | str) -> dict[str, JsonValue]:
    try:
        return _JSON.validate_json(text)
    except ValidationError as error:
        raise Malformed("What Slack sends is a JSON object, or a form with one in its field `payload`.") from error


def _form(body: bytes) -> dict[str, str]:
    try:
        form = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=100, errors="strict"))
    except ValueError as error:
        raise Malformed("The body is not the form that Slack sends.") from error
    if not form:
        raise Malformed("The body is empty.")
    return form


def _place(error: ValidationError) -> str:
    return ".".join(map(str, error.errors()[0]["loc"])) or "payload"


def _places(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, part['loc'])) or 'payload'}: {part['msg']}" for part in error.errors()[:3])
