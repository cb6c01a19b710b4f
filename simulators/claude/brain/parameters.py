"""The parameters of an operation: safe names, types that a URL can carry."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from simulators.claude.brain.naming import PLACEHOLDER, RESERVED_PARAMETERS, ascii_text, distinct, escaped, snake
from simulators.claude.brain.schemas import Schemas, choices
from simulators.claude.brain.types import Json, ListOf, OneOf, Scalar, Type

MAX_PARAMETERS = 40
_LONGEST = 40
"""Characters of a name, so that one given by itself (`name=name`) fits on a line."""
_HEADER = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_|~-]+$")
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization", "host", "content-length", "user-agent"})


@dataclass(frozen=True)
class Parameter:
    """One parameter. `wire` is the document's name, `public` our route's, `name` Python's."""

    wire: str
    place: Literal["path", "query", "header"]
    public: str
    name: str
    type: Type
    required: bool
    doc: str
    joined: bool = False
    number: int = 0
    """Its place among the operation's parameters."""


def parameters_of(
    path: str, route: str, declared: object, schemas: Schemas, owner: str
) -> tuple[tuple[Parameter, ...], tuple[str, ...]]:
    """The parameters of an operation, and the names of those that are left out."""
    listed = [one for one in declared if isinstance(one, dict)] if isinstance(declared, list) else []
    places = list(dict.fromkeys(PLACEHOLDER.findall(path)))
    routed = PLACEHOLDER.findall(route)
    made: list[Parameter] = []
    for at, wire in enumerate(places):
        one = next((p for p in listed if p.get("name") == wire and p.get("in") == "path"), {})
        spare = [one for one in routed if one not in [snake(other, limit=_LONGEST) for other in places]]
        plain = snake(wire, limit=_LONGEST)
        public = plain if plain in routed else spare[0] if spare else routed[at] if at < len(routed) else ""
        public = distinct(public or plain, [p.public for p in made])
        name = distinct(escaped(public, RESERVED_PARAMETERS), [p.name for p in made])
        type_ = _scalar(schemas, one, f"{owner} {wire}")
        type_ = Scalar("str") if isinstance(type_, ListOf) else type_
        doc = ascii_text(one.get("description") or "", 90)
        made.append(Parameter(wire, "path", public, name, type_, True, doc, number=len(made)))
    left_out: list[str] = []
    for one in listed:
        wire, where = str(one.get("name", "")), one.get("in")
        if (
            where not in ("query", "header", "cookie")
            or not wire
            or (where == "header" and wire.lower() in _IGNORED_HEADERS)
            or (wire, where) in [(p.wire, p.place) for p in made]
        ):
            continue
        required = one.get("required") is True
        type_ = _scalar(schemas, one, f"{owner} {wire}")
        unfit = (
            where == "cookie"
            or "://" in wire
            or (where == "header" and not _HEADER.match(wire))
            or len(made) >= MAX_PARAMETERS
        )
        if unfit or (isinstance(type_, Json) and not required):
            left_out.append(ascii_text(wire, 80))
            continue
        type_ = Scalar("str") if isinstance(type_, Json) else type_
        public = snake(wire, limit=_LONGEST)
        public = f"{public}_{where}" if public in [p.public for p in made] else public
        public = distinct(public, [p.public for p in made])
        name = distinct(escaped(public, RESERVED_PARAMETERS), [p.name for p in made])
        joined = isinstance(type_, ListOf) and (one.get("explode") is False or where == "header")
        doc = ascii_text(str(one.get("description") or ""), 90)
        made.append(Parameter(wire, where, public, name, type_, required, doc, joined, len(made)))
    return tuple(made), tuple(left_out)


def _scalar(schemas: Schemas, parameter: dict[str, Any], hint: str) -> Type:
    """A parameter's type: a plain one, some of them, or `Json` for what does not fit in a URL."""
    schema = parameter.get("schema")
    if chosen := choices(schema):
        return chosen
    if not isinstance(schema, dict) or schema.get("type") == "object" or "properties" in schema:
        return Json() if isinstance(schema, dict) or "content" in parameter else Scalar("str")
    before = dict(schemas.models)
    type_ = schemas.type_of(schema, hint)
    schemas.forget_since(before)
    return plain(type_)


def plain(type_: Type) -> Type:
    """The type as a URL can carry it."""
    match type_:
        case Scalar("bytes" | "None"):
            return Scalar("str")
        case Scalar():
            return type_
        case ListOf(item):
            inner = plain(item)
            return ListOf(inner if isinstance(inner, Scalar) else Scalar("str"))
        case OneOf(members):
            kinds = [one for one in members if one != Scalar("None")]
            return plain(kinds[0]) if len(kinds) == 1 else Scalar("str")
        case _:
            return Json()
