"""What Slack sends us: signed callbacks of buttons and slash commands.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack and
/reference/interaction-payloads/block_actions-payload
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, ValidationError

from domain.base import Data
from domain.errors import InvalidInput, Unauthenticated

TOLERANCE_SECONDS = 300
MAX_BODY_BYTES = 1_000_000


class Interaction(Data):
    """Somebody clicked a button of ours. `comment` is what they typed into the message's field.

    `action_ts` is the moment of the click as Slack names it: with user and message it identifies the click.
    """

    user_id: str
    user_name: str
    action: str
    value: str
    comment: str
    channel: str
    ts: str
    response_url: str
    trigger_id: str
    action_ts: str


class Command(Data):
    """Somebody typed a slash command."""

    user_id: str
    user_name: str
    command: str
    text: str
    channel: str
    channel_name: str
    response_url: str
    trigger_id: str


def verify(secrets: Sequence[SecretStr], body: bytes, timestamp: str, signature: str, now: float) -> None:
    """Raise Unauthenticated unless the request was signed with one of `secrets` within five minutes of `now`.

    `timestamp` and `signature` are the headers X-Slack-Request-Timestamp and X-Slack-Signature, empty if missing; `now`
    is in seconds since the epoch. Several secrets let one be rotated.
    """
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise Unauthenticated("The request is not from Slack: it has no valid X-Slack-Request-Timestamp.")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise Unauthenticated("The request from Slack is too old or too new. Check this machine's clock.")
    message = b"v0:" + timestamp.encode() + b":" + body
    matches = [_matches(secret, message, signature) for secret in secrets]
    if not any(matches):
        raise Unauthenticated("The signature is not Slack's. Check CCB_SLACK_SIGNING_SECRET.")


def _matches(secret: SecretStr, message: bytes, signature: str) -> bool:
    key = secret.get_secret_value().encode()
    # An empty key would let anybody sign.
    expected = "v0=" + hmac.new(key, message, hashlib.sha256).hexdigest()
    return bool(key) and hmac.compare_digest(expected.encode(), signature.encode())


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _User(_Part):
    id: str
    name: str = ""
    username: str = ""


class _Action(_Part):
    action_id: str
    value: str = ""
    action_ts: str


class _Channel(_Part):
    id: str


class _Message(_Part):
    ts: str


class _Field(_Part):
    type: str = ""
    value: JsonValue = None


class _State(_Part):
    values: dict[str, dict[str, _Field]] = {}


class _BlockActions(_Part):
    type: Literal["block_actions"]
    user: _User
    channel: _Channel
    message: _Message
    actions: list[_Action] = Field(min_length=1)
    response_url: str = ""
    trigger_id: str = ""
    state: _State = _State()

    def comment(self) -> str:
        fields = [field for block in self.state.values.values() for field in block.values()]
        return next((field.value for field in fields if isinstance(field.value, str)), "")


def parse_interaction(body: bytes) -> Interaction:
    """The click in a verified request's body. Raises InvalidInput for anything else."""
    payload = _form(body).get("payload")
    if payload is None:
        raise InvalidInput("An interaction from Slack has a form field `payload`.", field="payload")
    try:
        found = _BlockActions.model_validate_json(payload)
    except ValidationError as error:
        raise InvalidInput(f"The payload is not a click on a button: {_places(error)}.", field="payload") from error
    click = found.actions[0]
    return Interaction(
        user_id=found.user.id,
        user_name=found.user.username or found.user.name,
        action=click.action_id,
        value=click.value,
        comment=found.comment().strip(),
        channel=found.channel.id,
        ts=found.message.ts,
        response_url=found.response_url,
        trigger_id=found.trigger_id,
        action_ts=click.action_ts,
    )


def parse_command(body: bytes) -> Command:
    """The slash command in a verified request's body. Raises InvalidInput for anything else."""
    form = _form(body)
    missing = [name for name in ("command", "user_id", "channel_id") if not form.get(name)]
    if missing:
        raise InvalidInput(f"The body is not a slash command: it has no {', '.join(missing)}.", field=missing[0])
    return Command(
        user_id=form["user_id"],
        user_name=form.get("user_name", ""),
        command=form["command"],
        text=form.get("text", "").strip(),
        channel=form["channel_id"],
        channel_name=form.get("channel_name", ""),
        response_url=form.get("response_url", ""),
        trigger_id=form.get("trigger_id", ""),
    )


def _form(body: bytes) -> dict[str, str]:
    if len(body) > MAX_BODY_BYTES:
        raise InvalidInput("The body is larger than anything Slack sends.")
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=100, errors="strict"))
    except ValueError as error:
        raise InvalidInput("The body is not a form.") from error


def _places(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, part['loc'])) or 'payload'}: {part['msg']}" for part in error.errors()[:3])
