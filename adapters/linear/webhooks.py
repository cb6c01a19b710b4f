"""Linear's webhooks: verified, then read into typed events. Pure functions.

Source: https://linear.app/developers/webhooks; the shapes are those of `EntityWebhookPayload` in Linear's own SDK (npm
`@linear/sdk`).
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, SecretStr, TypeAdapter
from pydantic import ValidationError as Invalid

from adapters.trackers.signing import signed
from domain.errors import InvalidInput, Unauthenticated

TOLERANCE_SECONDS = 60
"""How far a delivery's time may be from ours. Linear: "within a minute of the time your system sees it"."""

_SECOND = 1000.0


class _Seen(BaseModel):
    """A part of a payload: what we use of it. Linear adds fields as it likes, so others are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Actor(_Seen):
    """Who did it. Anything but a `user` is a machine: an integration, an OAuth application, someone outside."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    type: str
    name: str = ""
    email: str = ""


class Label(_Seen):
    id: str
    name: str


class State(_Seen):
    """`type` is one of triage, backlog, unstarted, started, completed, canceled, duplicate."""

    id: str
    name: str
    type: str


class Project(_Seen):
    id: str
    name: str


class Issue(_Seen):
    id: Annotated[str, Field(min_length=1, max_length=100)]
    identifier: Annotated[str, Field(min_length=1, max_length=100)]
    title: str
    description: str | None = None
    url: str = ""
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    labels: list[Label] = []
    state: State
    project: Project | None = None
    project_id: Annotated[str | None, Field(alias="projectId")] = None
    trashed: bool | None = None


class IssueOfComment(_Seen):
    id: Annotated[str, Field(min_length=1, max_length=100)]
    identifier: Annotated[str, Field(min_length=1, max_length=100)]
    title: str = ""
    url: str = ""


class Comment(_Seen):
    """`issue` is None for a comment on something else."""

    id: str
    body: str
    issue: IssueOfComment | None = None
    bot: Annotated[JsonValue, Field(alias="botActor")] = None


class ProjectChanged(_Seen):
    id: str
    name: str
    canceled_at: Annotated[str | None, Field(alias="canceledAt")] = None


class _Event(_Seen):
    """`before` has the former value of what was changed, by name."""

    action: str
    actor: Actor | None = None
    before: Annotated[dict[str, JsonValue] | None, Field(alias="updatedFrom")] = None
    webhook_timestamp: Annotated[float, Field(alias="webhookTimestamp")]

    def was(self, name: str) -> set[str] | None:
        """The former ids in a list that was changed; None if it was not."""
        found = (self.before or {}).get(name)
        return {one for one in found if isinstance(one, str)} if isinstance(found, list) else None

    def changed(self, name: str) -> bool:
        return name in (self.before or {})


class IssueEvent(_Event):
    type: Literal["Issue"]
    action: Literal["create", "update", "remove"]
    data: Issue


class CommentEvent(_Event):
    type: Literal["Comment"]
    action: Literal["create"]
    data: Comment


class ProjectEvent(_Event):
    type: Literal["Project"]
    action: Literal["create", "update", "remove"]
    data: ProjectChanged


Event = IssueEvent | CommentEvent | ProjectEvent

_ACTIONS = {
    "Issue": {"create", "update", "remove"},
    "Comment": {"create"},
    "Project": {"create", "update", "remove"},
}
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


class _Kind(_Seen):
    type: str
    action: str


class _Stamp(_Seen):
    webhook_timestamp: Annotated[float, Field(alias="webhookTimestamp", allow_inf_nan=False)]


def verify(secrets: Sequence[SecretStr], body: bytes, signature: str, now: float) -> None:
    """Raise Unauthenticated unless `body` was signed with one of `secrets` within a minute of `now`.

    `signature` is the header Linear-Signature, empty if missing; `now` is in seconds since the epoch.
    """
    if not signed(secrets, body, signature):
        raise Unauthenticated("The signature is not Linear's. Check CCB_LINEAR_WEBHOOK_SECRET.")
    try:
        stamp = _Stamp.model_validate_json(body).webhook_timestamp / _SECOND
    except Invalid as error:
        raise Unauthenticated("The delivery does not say when it was sent (webhookTimestamp).") from error
    if abs(now - stamp) > TOLERANCE_SECONDS:
        raise Unauthenticated("The delivery from Linear is too old or too new. Check this machine's clock.")


def parse(body: bytes) -> Event | None:
    """The typed event; None for events and actions that lead to nothing here. Call `verify` first.

    Raises InvalidInput, with the place in `field`, for a body that is not what Linear publishes.
    """
    try:
        kind = _Kind.model_validate_json(body)
        if kind.action not in _ACTIONS.get(kind.type, ()):
            return None
        return _EVENT.validate_json(body)
    except Invalid as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"The webhook's {place} is not as Linear sends it: {first['msg']}.", field=place) from error
