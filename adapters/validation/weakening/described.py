"""Tests as the jail described them. It is data, and bounded: who wrote the tests may have meant it to be."""

from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

Text = Annotated[str, StringConstraints(max_length=1200)]
Line = Annotated[int, Field(ge=0)]


class Assertion(BaseModel):
    """See assertions.py, which runs in the jail."""

    line: Line
    text: Text
    subject: Text
    alike: Text
    about: Text
    shape: Text
    strength: int = Field(ge=0, le=6)
    tolerance: float = Field(ge=0)
    bare: bool

    def says(self, other: "Assertion") -> bool:
        """The same, but perhaps for the names of variables."""
        return self.text == other.text or self.alike == other.alike

    def is_about(self, other: "Assertion") -> bool:
        return self.subject == other.subject or self.about == other.about


class Function(BaseModel):
    """A function of a test file. `asserts`: it or one that it calls asserts something that could be false."""

    path: Text
    name: Text
    line: Line
    test: bool
    skipped: bool
    cases: int | None
    body: Text
    assertions: list[Assertion]
    asserts: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.path, self.name


class Place(BaseModel):
    path: Text
    line: Line
    what: Text


class Tests(BaseModel):
    """Of one revision."""

    __test__ = False

    functions: list[Function] = Field(max_length=20_000)
    skips: list[Place] = Field(max_length=1_000)

    @cached_property
    def by_key(self) -> dict[tuple[str, str], Function]:
        return {one.key: one for one in self.functions}


class Read(BaseModel):
    now: Tests
    earlier: Tests | None
    previous: Tests | None = None
    special: list[Place] = Field(max_length=100)
