"""Jira Cloud's webhooks: verified, then read into typed events. Pure functions.

Those that an administrator registers with a secret; webhooks of Connect and Forge apps are signed otherwise, and not
taken. Source: https://developer.atlassian.com/cloud/jira/platform/webhooks/
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, SecretStr, ValidationError

from adapters.jira import adf
from adapters.trackers.signing import signed
from domain.errors import InvalidInput, Unauthenticated

_PREFIX = "sha256="  # WebSub: `method=signature`
# `[text|url]`, `[text|url|smart-link]`, `[url]` and `{{code}}` of Jira's own markup, in which webhooks have texts.
_WIKI_LINK = re.compile(r"\[(?:[^\]|\[\n]{0,500}\|)?(https?://[^\]|\s]{1,2000})(?:\|[^\]\n]{0,100})?\]")
_WIKI_CODE = re.compile(r"\{\{([^{}\n]{1,2000})\}\}")


class _Seen(BaseModel):
    """A part of a payload: what we use of it. Jira adds fields as it likes, so others are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class User(_Seen):
    """`kind` is `atlassian` for a person, `app` for a machine, `customer` for who asks a service desk."""

    id: Annotated[str, Field(alias="accountId", min_length=1, max_length=200)]
    kind: Annotated[str, Field(alias="accountType")] = "atlassian"
    name: Annotated[str, Field(alias="displayName")] = ""


class Category(_Seen):
    """`key` is one of new, indeterminate, done, undefined."""

    key: str = ""


class Status(_Seen):
    name: str
    category: Annotated[Category, Field(alias="statusCategory")] = Category()


class Fields(_Seen):
    """`description` is Jira's own markup, or a document (ADF)."""

    summary: str = ""
    description: JsonValue = None
    created: AwareDatetime
    labels: list[str] = []
    status: Status


class Named(_Seen):
    """An issue, of which a comment tells no more. The id becomes part of addresses."""

    id: Annotated[str, Field(pattern=r"^[0-9]{1,30}$")]
    key: Annotated[str, Field(min_length=1, max_length=100)]
    address: Annotated[str, Field(alias="self")] = ""

    @property
    def url(self) -> str:
        """Where people see it: `self` is the API's address of it."""
        site, api, _ = self.address.partition("/rest/api/")
        return f"{site}/browse/{self.key}" if api and site.startswith(("https://", "http://")) else ""


class Issue(Named):
    fields: Fields


class Change(_Seen):
    """A field that was changed. For labels, the texts are all of them, with blanks between."""

    field: str
    from_text: Annotated[str | None, Field(alias="fromString")] = None
    to_text: Annotated[str | None, Field(alias="toString")] = None


class Changelog(_Seen):
    items: list[Change] = []


class Comment(_Seen):
    id: str
    body: JsonValue = None
    author: User | None = None


class IssueEvent(_Seen):
    event: Annotated[
        Literal["jira:issue_created", "jira:issue_updated", "jira:issue_deleted"], Field(alias="webhookEvent")
    ]
    user: User | None = None
    issue: Issue
    changelog: Changelog = Changelog()

    def changed(self, field: str) -> Change | None:
        return next((item for item in self.changelog.items if item.field == field), None)


class CommentEvent(_Seen):
    event: Annotated[Literal["comment_created"], Field(alias="webhookEvent")]
    comment: Comment
    issue: Named


Event = IssueEvent | CommentEvent

_EVENTS: dict[str, type[Event]] = {
    "jira:issue_created": IssueEvent,
    "jira:issue_updated": IssueEvent,
    "jira:issue_deleted": IssueEvent,
    "comment_created": CommentEvent,
}


class _Kind(_Seen):
    event: Annotated[str, Field(alias="webhookEvent")]


def verify(secrets: Sequence[SecretStr], body: bytes, signature: str) -> None:
    """Raise Unauthenticated unless `body` was signed with one of `secrets`. `signature` is the header X-Hub-Signature.

    Jira signs no time: that a delivery is handled once, whenever it comes, is its identifier's doing.
    """
    if not signed(secrets, body, signature, prefix=_PREFIX):
        raise Unauthenticated("The webhook's X-Hub-Signature does not match CCB_JIRA_WEBHOOK_SECRET.")


def parse(body: bytes) -> Event | None:
    """The typed event; None for events that lead to nothing here. Call `verify` first.

    Raises InvalidInput, with the place in `field`, for a body that is not what Jira publishes.
    """
    try:
        model = _EVENTS.get(_Kind.model_validate_json(body).event)
        return None if model is None else model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"The webhook's {place} is not as Jira sends it: {first['msg']}.", field=place) from error


def text(markup: JsonValue) -> str:
    """What a person reads: of a document, or of Jira's own markup."""
    if not isinstance(markup, str):
        return adf.text_of(markup)
    return _WIKI_CODE.sub(r"\1", _WIKI_LINK.sub(r"\1", markup))
