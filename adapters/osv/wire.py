"""OSV's wire format, as far as it is read (ossf.github.io/osv-schema, google.github.io/osv.dev/post-v1-querybatch)."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]


class Named(BaseModel):
    id: Id


class Result(BaseModel):
    vulns: list[Named] = []
    next_page_token: str = ""


class Batch(BaseModel):
    results: list[Result]


class Severity(BaseModel):
    type: str
    score: str


class Package(BaseModel):
    ecosystem: str = ""
    name: str = ""


class Event(BaseModel):
    fixed: str | None = None


class Range(BaseModel):
    events: list[Event] = []


class Affected(BaseModel):
    package: Package = Package()
    ranges: list[Range] = []
    severity: list[Severity] = []


class Own(BaseModel):
    """`database_specific`: what the database that the entry comes from says in its own words."""

    severity: str | None = None


class Entry(BaseModel):
    """One vulnerability. `withdrawn` entries hold no more."""

    id: Id
    summary: str = ""
    details: str = ""
    aliases: list[str] = []
    withdrawn: str | None = None
    severity: list[Severity] = []
    affected: list[Affected] = []
    database_specific: Own = Field(default=Own())
