"""What Jira answers: what we use of it. Source: the REST API's version 3."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Seen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Account(_Seen):
    id: str = Field(alias="accountId", min_length=1)


class Property(_Seen):
    key: str = ""
    value: JsonValue = None


class Comment(_Seen):
    id: str
    author: Account | None = None
    body: JsonValue = None
    properties: list[Property] = []

    @property
    def number(self) -> int:
        """Ids are numbers that rise."""
        return int(self.id) if self.id.isdigit() else 0


class Comments(_Seen):
    """`first` is the number of the page's first one, of `total`."""

    first: int = Field(default=0, alias="startAt")
    total: int = 0
    comments: list[Comment] = []


class CommentsById(_Seen):
    values: list[Comment] = []


class Category(_Seen):
    """`key` is one of new, indeterminate, done, undefined."""

    key: str = ""


class Status(_Seen):
    id: str = ""
    name: str
    category: Category = Field(default=Category(), alias="statusCategory")


class Transition(_Seen):
    id: str
    name: str
    to: Status


class Transitions(_Seen):
    transitions: list[Transition] = []


class _Fields(_Seen):
    status: Status


class Issue(_Seen):
    id: str
    fields: _Fields


class Link(_Seen):
    id: int


class Refusal(_Seen):
    """An ErrorCollection."""

    sentences: list[str] = Field(default=[], alias="errorMessages")
    errors: dict[str, JsonValue] = {}
