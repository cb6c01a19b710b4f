"""The parts that we read of what Slack sends, as it publishes them. What else is in there is left alone.

Source: https://docs.slack.dev/apis/events-api/#event-type-structure,
/interactivity/implementing-slash-commands#app_command_handling,
/reference/interaction-payloads/block_actions-payload and /reference/interaction-payloads/view-interactions-payload
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

SlackId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,40}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,150}$")]
Url = Annotated[str, StringConstraints(max_length=500)]
Moment = Annotated[str, StringConstraints(max_length=40)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Kind(_Part):
    type: str = Field(default="", max_length=100)


class Envelope(_Part):
    """What it is; the rest is read once that is known to be something of ours."""

    type: str = Field(min_length=1, max_length=100)
    event: _Kind = _Kind()


class UrlVerification(_Part):
    challenge: str = Field(min_length=1, max_length=500)


class _Authorization(_Part):
    user_id: str = ""
    is_bot: bool = False


class _Event(_Part):
    """The fields of the events that we use; `app_uninstalled` and `tokens_revoked` have none of them."""

    type: str = Field(min_length=1)
    user: str = Field(default="", max_length=40)
    text: str = Field(default="", max_length=40_000)
    channel: str = Field(default="", max_length=40)
    thread_ts: Moment = ""
    bot_id: str | None = None
    app_id: str | None = None
    subtype: str | None = None


class EventCallback(_Part):
    team_id: SlackId
    event_id: Key
    event: _Event
    authorizations: list[_Authorization] = []

    def by_a_bot(self) -> bool:
        """Done by a bot, by another app's message, or by ourselves: for us nobody asked."""
        event = self.event
        ours = {one.user_id for one in self.authorizations if one.is_bot}
        return bool(event.bot_id or event.app_id or event.subtype == "bot_message" or event.user in ours)


class _User(_Part):
    id: SlackId
    name: str = ""
    username: str = ""
    team_id: str = Field(default="", max_length=40)

    @property
    def called(self) -> str:
        return (self.username or self.name)[:80]


class _Team(_Part):
    id: SlackId


class _Channel(_Part):
    id: str = Field(default="", max_length=40)


class _Container(_Part):
    thread_ts: Moment = ""


class _Action(_Part):
    action_id: str = Field(max_length=255)
    value: str = Field(default="", max_length=2000)


class _Interaction(_Part):
    """`team` is null where the app is installed for an organisation."""

    user: _User
    team: _Team | None = None
    trigger_id: Key

    @property
    def team_id(self) -> str:
        return self.team.id if self.team else self.user.team_id


class BlockActions(_Interaction):
    type: Literal["block_actions"]
    actions: list[_Action] = Field(min_length=1)
    channel: _Channel = _Channel()
    container: _Container = _Container()
    response_url: Url = ""

    @property
    def thread(self) -> str:
        return self.container.thread_ts


class _Value(_Part):
    type: str = ""
    value: JsonValue = None


class _State(_Part):
    values: dict[str, dict[str, _Value]] = {}


class _View(_Part):
    id: Key
    callback_id: str = Field(default="", max_length=255)
    private_metadata: str = Field(default="", max_length=3000)
    state: _State = _State()

    def values(self) -> dict[str, str]:
        """What stands in the fields; a field of ours is the only one in its block, and its block has its name."""
        return {
            block: field.value
            for block, fields in self.state.values.items()
            for field in fields.values()
            if isinstance(field.value, str)
        }


class ViewSubmission(_Interaction):
    type: Literal["view_submission"]
    view: _View


class SlashCommand(_Part):
    command: str = Field(min_length=1, max_length=40)
    text: str = Field(default="", max_length=10_000)
    team_id: SlackId
    user_id: SlackId
    user_name: str = Field(default="", max_length=80)
    channel_id: SlackId
    response_url: Url = ""
    trigger_id: Key
