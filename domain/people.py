"""People and machines that act: who asked, who reviewed."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from domain.base import Data
from domain.ids import DEFAULT_ORGANIZATION, PersonId


class Channel(StrEnum):
    """Where something came from. The rules are the same for all."""

    API = "api"
    CLI = "cli"
    GITHUB = "github"
    SLACK = "slack"
    LINEAR = "linear"
    JIRA = "jira"


class Role(StrEnum):
    VIEWER = "viewer"
    DEVELOPER = "developer"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    ADMIN = "admin"


CustomRole = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]
RoleName = Annotated[Role | CustomRole, Field(union_mode="left_to_right", examples=["developer"])]
"""A built-in role, or one of an organisation's own."""


LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
"""Something to be read, on one line: no control characters, and not only spaces."""
ShownName = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=LINE)]
Handle = Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=LINE)]
"""What an outside system calls somebody."""


class Person(Data):
    """Someone known to us, acting in one organisation with a role there, and their names in the outside systems.

    `kind` `service` never counts as a reviewer.
    """

    id: PersonId
    name: str = Field(min_length=1, max_length=80)
    kind: Literal["person", "service"] = "person"
    role: RoleName = Role.DEVELOPER
    organization_id: str = DEFAULT_ORGANIZATION
    email: str | None = None
    github: str | None = None
    slack: str | None = None
    linear: str | None = Field(default=None, description="Linear's user id, or the email address they have there.")
    jira: str | None = Field(default=None, description="Jira's account id.")
    created_at: AwareDatetime | None = None


class Actor(Data):
    """Who did a thing, by which way in. `person_id` is None for someone we do not know; `name` is theirs there."""

    channel: Channel
    name: str
    person_id: PersonId | None = None
    bot: bool = False
