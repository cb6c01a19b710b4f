"""The forms that people fill in: what they ask, and what was written in them."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, field_validator

from domain.base import Data
from domain.errors import InvalidInput
from domain.ids import ContentHash, IntegrationId
from domain.plan import Name
from domain.vendors import Form, FormField, Reply, RepoName

CREATE = "ccb.create"
CHANGES = "ccb.changes"
WORDS = "words"

_BY_FIELD = TypeAdapter(dict[str, str])
Text = Annotated[str, StringConstraints(strip_whitespace=True)]


class FieldErrors(InvalidInput):
    """What was filled in cannot be used; `by_field` says why, for people."""

    code = "invalid_form"

    @classmethod
    def of(cls, by_field: Mapping[str, str]) -> Self:
        return cls("; ".join(f"{field}: {why}" for field, why in by_field.items()), by_field=dict(by_field))

    @property
    def by_field(self) -> dict[str, str]:
        return _BY_FIELD.validate_python(self.details.get("by_field", {}))


class Reviewed(Data):
    """What is under review: the value of a review's buttons, made when its message was."""

    integration_id: IntegrationId
    content_hash: ContentHash


class Titled(Data):
    """The value of the button that opens the form for a request: what was typed behind the command."""

    title: str = Field(default="", max_length=300)


class CreateState(Data):
    """What the form is given to bring back."""

    reply: Reply


class ChangesState(Reviewed):
    reply: Reply


class Wanted(Data):
    """A request for an integration, as it was filled in."""

    title: Annotated[Text, Field(min_length=1, max_length=300)]
    description: Annotated[Text, Field(max_length=3000)] = ""
    document: Annotated[Text, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=2000)]
    name: Name | None = None
    repository: RepoName

    @field_validator("name", mode="before")
    @classmethod
    def _or_none(cls, given: object) -> object:
        return (given.strip() or None) if isinstance(given, str) else given

    @field_validator("repository", mode="before")
    @classmethod
    def _stripped(cls, given: object) -> object:
        return given.strip() if isinstance(given, str) else given


_WHY = {
    "title": "Say in one line what is wanted.",
    "description": "At most 3,000 characters.",
    "document": "The address of an OpenAPI 3.x document, beginning with https:// or http://.",
    "name": "Small letters, digits and hyphens, 3 to 50 of them, beginning with a letter; or leave it empty.",
    "repository": "Write it as owner/name.",
}


def create_form(*, repository: str, title: str, state: CreateState) -> Form:
    """`title` is what was typed behind the command; `repository` is where integrations usually go."""
    return Form(
        kind=CREATE,
        title="New integration",
        text="What is generated is checked, tested and reviewed by another person before it is deployed.",
        submit="Ask for it",
        fields=[
            FormField(name="title", label="What do you want?", hint="One line.", initial=title[:300], longest=300),
            FormField(name="description", label="What should it do?", longest=3000, multiline=True, optional=True),
            FormField(
                name="document",
                label="API document",
                hint="Where the API's OpenAPI 3.x document is, in JSON or YAML: https://…",
                longest=2000,
            ),
            FormField(name="name", label="Name", hint="Left empty, one is found.", longest=50, optional=True),
            FormField(name="repository", label="Repository", hint="owner/name", initial=repository, longest=200),
        ],
        state=state.model_dump_json(),
    )


def changes_form(state: ChangesState, *, name: str) -> Form:
    return Form(
        kind=CHANGES,
        title="Request changes",
        text=f"{name} is written anew with what you say here, and comes back to be reviewed." if name else "",
        submit="Request changes",
        fields=[FormField(name=WORDS, label="What should change?", longest=3000, multiline=True)],
        state=state.model_dump_json(),
    )


def wanted(values: Mapping[str, str]) -> Wanted:
    """Raises FieldErrors."""
    try:
        return Wanted.model_validate({name: values[name] for name in Wanted.model_fields if name in values})
    except ValidationError as error:
        found = {str(part["loc"][0]) for part in error.errors()}
        raise FieldErrors.of({field: why for field, why in _WHY.items() if field in found}) from error


def words(values: Mapping[str, str]) -> str:
    """What should change. Raises FieldErrors."""
    given = values.get(WORDS, "").strip()
    if not given:
        raise FieldErrors.of({WORDS: "Say what has to be different."})
    return given[:10_000]
