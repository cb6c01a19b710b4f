"""What the scripts in the jail saw. They read hostile files there, so their answers are checked like any input."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

_MOST = 2_000

_Text = Annotated[str, StringConstraints(max_length=1_000)]


class Place(BaseModel):
    path: _Text
    line: int = Field(ge=0)


class Route(Place):
    """A route that the source declares."""

    function: _Text
    method: _Text
    route: _Text
    documented: bool
    answered: bool


class Setting(Place):
    """An environment variable that is read; without a name where only the running code knows it."""

    name: _Text


class Read(BaseModel):
    routes: list[Route] = Field(max_length=_MOST)
    settings: list[Setting] = Field(max_length=_MOST)


class Logged(Place):
    """An argument of a logging call that should not be shown; `what` is its source."""

    rule: _Text
    what: _Text
