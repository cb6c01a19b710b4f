"""The types that written code uses: how each is spelled in Python, and a sample value of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SAMPLE_DEPTH = 4


@dataclass(frozen=True)
class Scalar:
    """`str`, `int`, `float`, `bool`, `bytes` or `None`."""

    name: str


@dataclass(frozen=True)
class Json:
    """Anything that JSON can say, null included."""


@dataclass(frozen=True)
class ListOf:
    item: "Type"


@dataclass(frozen=True)
class DictOf:
    value: "Type"


@dataclass(frozen=True)
class OneOf:
    members: tuple["Type", ...]


@dataclass(frozen=True)
class Choice:
    """One of some texts or whole numbers."""

    values: tuple[str | int, ...]


@dataclass(frozen=True)
class Ref:
    """A model by its class name."""

    name: str


Type = Scalar | Json | ListOf | DictOf | OneOf | Choice | Ref
NONE = Scalar("None")
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_SAMPLES: dict[str, Any] = {"str": "text", "int": 1, "float": 1.5, "bool": True, "None": None, "bytes": "bytes"}


@dataclass(frozen=True)
class FieldOf:
    """A field of a model: its name in the document and in Python."""

    wire: str
    name: str
    type: Type
    required: bool
    doc: str = ""


@dataclass
class Model:
    """A model to be written."""

    name: str
    doc: str
    fields: list[FieldOf] = field(default_factory=list)


def union(members: list[Type]) -> Type:
    """The simplest type that admits all `members`."""
    flat: list[Type] = []
    for member in members:
        for part in member.members if isinstance(member, OneOf) else (member,):
            if part not in flat:
                flat.append(part)
    if not flat or any(isinstance(part, Json) for part in flat) or len(flat) > 6:
        return Json()
    flat.sort(key=lambda part: part == NONE)
    return flat[0] if len(flat) == 1 else OneOf(tuple(flat))


def optional(type_: Type) -> Type:
    return union([type_, NONE])


def spelled(type_: Type) -> str:
    """The annotation of a type."""
    match type_:
        case Scalar(name) | Ref(name):
            return name
        case Json():
            return "JsonValue"
        case ListOf(item):
            return f"list[{spelled(item)}]"
        case DictOf(value):
            return f"dict[str, {spelled(value)}]"
        case Choice(values):
            return f"Literal[{', '.join(quoted(value) for value in values)}]"
        case OneOf(members):
            return " | ".join(spelled(member) for member in members)


def used(type_: Type) -> set[str]:
    """The names of the models, and `JsonValue` and `Literal`, that an annotation needs."""
    match type_:
        case Ref(name):
            return {name}
        case Json():
            return {"JsonValue"}
        case Choice():
            return {"Literal"}
        case ListOf(inner) | DictOf(inner):
            return used(inner)
        case OneOf(members):
            return set().union(*(used(member) for member in members))
        case _:
            return set()


def sample(type_: Type, models: Mapping[str, Model], depth: int = 0) -> object:
    """A small value that the type admits, as JSON."""
    match type_:
        case Scalar(name):
            return _SAMPLES[name]
        case Json():
            return {"key": "value"}
        case Choice(values):
            return values[0]
        case ListOf(item):
            return [sample(item, models, depth + 1)] if depth < SAMPLE_DEPTH else []
        case DictOf(value):
            return {"key": sample(value, models, depth + 1)} if depth < SAMPLE_DEPTH else {}
        case OneOf(members):
            return sample(members[0], models, depth) if depth < SAMPLE_DEPTH or NONE not in members else None
        case Ref(name):
            return _sample_model(models[name], models, depth)


def _sample_model(model: Model, models: Mapping[str, Model], depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    extra = 8 if depth == 0 else 3 if depth == 1 else 0
    for one in model.fields:
        if not one.required:
            if extra == 0:
                continue
            extra -= 1
        value[one.wire] = sample(one.type, models, depth + 1)
    return value


def break_endless(models: Mapping[str, Model]) -> None:
    """Make a required field optional where it leads back to its own model: no value could ever satisfy it."""
    for name in models:
        _walk(name, models, ())


def _walk(name: str, models: Mapping[str, Model], path: tuple[str, ...]) -> None:
    if len(path) > 40:
        return
    model = models[name]
    for index, one in enumerate(model.fields):
        needed = one.type.members[0] if isinstance(one.type, OneOf) and NONE not in one.type.members else one.type
        if one.required and isinstance(needed, Ref):
            if needed.name in (*path, name):
                model.fields[index] = FieldOf(one.wire, one.name, optional(one.type), False, one.doc)
            else:
                _walk(needed.name, models, (*path, name))


def quoted(value: str | float | bool | None) -> str:
    """A Python literal in ASCII and on one line: nothing in `value` can end it."""
    if not isinstance(value, str):
        return repr(value)
    text = ascii(value)
    if text.startswith("'") and '"' not in text:
        return f'"{text[1:-1]}"'.replace("\\'", "'")
    return text


def literal(value: str, width: int = 66) -> str:
    """A Python literal of a text, split over lines where it is long. In parentheses if it is split."""
    if len(quoted(value)) <= width:
        return quoted(value)
    pieces: list[str] = []
    rest = value
    while rest:
        size = width
        while len(quoted(rest[:size])) > width:
            size -= 1
        pieces.append(quoted(rest[:size]))
        rest = rest[size:]
    return "(" + " ".join(pieces) + ")"


def entry(key: str, value: str) -> str:
    """An entry of a dictionary of texts, which is not longer than a line."""
    return f"{literal(key)}: {literal(value, max(20, 88 - min(len(quoted(key)), 66)))}"


def data(value: object) -> str:
    """JSON data as a Python expression."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(str(key))}: {data(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(data(item) for item in value) + "]"
    return literal(value) if isinstance(value, str) else repr(value)
