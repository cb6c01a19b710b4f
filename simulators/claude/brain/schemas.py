"""JSON schemas of OpenAPI 3.0 and 3.1 to types and models.

Lenient, because documents are wrong about what services answer: enumerations are texts, unknown fields are kept, what
is not required is optional, and what is too deep, too much or not understood is `JsonValue`.
"""

from collections import deque
from typing import Any
from urllib.parse import unquote

from simulators.claude.brain.naming import RESERVED_FIELDS, ascii_text, distinct, escaped, pascal, sentence, snake
from simulators.claude.brain.types import (
    NONE,
    SCALARS,
    Choice,
    DictOf,
    FieldOf,
    Json,
    ListOf,
    Model,
    Ref,
    Scalar,
    Type,
    break_endless,
    optional,
    union,
)

MAX_DEPTH = 3
MAX_MODELS = 30
MAX_FIELDS = 150
_PREFIX = "#/components/schemas/"
Schema = dict[str, Any]


class Schemas:
    """Turns schemas into types, and gathers the models they need; `simple` does without models.

    `missing` names schemas that are needed and nobody has shown yet.
    """

    def __init__(self, named: dict[str, Any], *, simple: bool = False) -> None:
        self._named = named
        self._most = 0 if simple else MAX_MODELS
        self._classes: dict[str, str] = {}
        self._queue: deque[tuple[Model, Schema, int]] = deque()
        self.models: dict[str, Model] = {}
        self.missing: list[str] = []

    def type_of(self, schema: object, hint: str) -> Type:
        """The type for a schema at the top of a body or a parameter; builds all models it needs."""
        result = self._type(schema, hint, 0, ())
        while self._queue:
            model, source, depth = self._queue.popleft()
            self._fill(model, source, depth)
        return result

    def forget_since(self, before: dict[str, Model]) -> None:
        """Drop the models made after `before`: what they were made for does without them."""
        for name in [name for name in self.models if name not in before]:
            del self.models[name]
        self._classes = {ref: name for ref, name in self._classes.items() if name in self.models}

    def finish(self) -> None:
        """Settle the models: none of them demands itself."""
        break_endless(self.models)

    def _resolve(self, ref: object) -> tuple[str, Schema | None]:
        """The name behind a reference, and its schema if it is known."""
        text = str(ref)
        if not text.startswith(_PREFIX):
            return text, None
        name, *rest = [
            unquote(part).replace("~1", "/").replace("~0", "~") for part in text.removeprefix(_PREFIX).split("/")
        ]
        found = self._named.get(name)
        if name not in self._named and name not in self.missing:
            self.missing.append(name)
        for part in rest:
            found = found.get(part) if isinstance(found, dict) else None
        return "/".join([name, *rest]), found if isinstance(found, dict) else None

    def _type(self, schema: object, hint: str, depth: int, seen: tuple[str, ...]) -> Type:
        if not isinstance(schema, dict) or not schema:
            return Json()
        if "$ref" in schema:
            return self._reference(schema["$ref"], depth, seen)
        types = schema.get("type")
        if isinstance(types, list):
            return union([self._type({**schema, "type": one}, hint, depth, seen) for one in types if one in _KNOWN])
        result = self._plain(schema, hint, depth, seen)
        return optional(result) if schema.get("nullable") is True or _allows_null(schema) else result

    def _reference(self, ref: object, depth: int, seen: tuple[str, ...]) -> Type:
        missing = len(self.missing)
        name, schema = self._resolve(ref)
        if depth > MAX_DEPTH:
            del self.missing[missing:]
            return Json()
        if schema is None or name in seen:
            return Json()
        if not self._is_object(schema, ()):
            return self._type(schema, name, depth, (*seen, name))
        if name not in self._classes:
            if len(self.models) >= self._most or depth >= MAX_DEPTH:
                return DictOf(Json())
            self._classes[name] = self._declare(name, schema, depth)
        result: Type = Ref(self._classes[name])
        return optional(result) if schema.get("nullable") is True else result

    def _declare(self, hint: str, schema: Schema, depth: int) -> str:
        name = distinct(pascal(hint), self.models, "")
        doc = sentence(schema.get("description") or schema.get("title") or "", f"{ascii_text(hint)} of the API")
        self.models[name] = Model(name, doc)
        self._queue.append((self.models[name], schema, depth + 1))
        return name

    def _is_object(self, schema: Schema, seen: tuple[str, ...]) -> bool:
        if schema.get("type") not in (None, "object", ["object", "null"], ["null", "object"]):
            return False
        return bool(self._merged(schema, seen)[0])

    def _merged(self, schema: Schema, seen: tuple[str, ...]) -> tuple[dict[str, Any], set[str]]:
        """The properties of a schema and of all it includes by allOf, and which are required."""
        properties: dict[str, Any] = {}
        required: set[str] = set()
        parts = schema.get("allOf")
        for part in parts if isinstance(parts, list) else ():
            name, resolved = self._resolve(part["$ref"]) if isinstance(part, dict) and "$ref" in part else ("", part)
            if isinstance(resolved, dict) and name not in seen:
                more, needed = self._merged(resolved, (*seen, name) if name else seen)
                properties.update(more)
                required |= needed
        own = schema.get("properties")
        properties.update(own if isinstance(own, dict) else {})
        needs = schema.get("required")
        required |= {str(name) for name in needs} if isinstance(needs, list) else set()
        return properties, required

    def _plain(self, schema: Schema, hint: str, depth: int, seen: tuple[str, ...]) -> Type:
        kind = schema.get("type")
        if "const" in schema:
            return _of_values([schema["const"]])
        if isinstance(schema.get("enum"), list):
            return _of_values(schema["enum"])
        if self._is_object(schema, ()):
            if len(self.models) >= self._most or depth >= MAX_DEPTH:
                return DictOf(Json())
            return Ref(self._declare(hint, schema, depth))
        for word in ("oneOf", "anyOf"):
            if isinstance(schema.get(word), list) and kind in (None, "object"):
                return union([self._type(one, f"{hint} {n}", depth, seen) for n, one in enumerate(schema[word], 1)])
        parts = schema.get("allOf")
        if isinstance(parts, list) and parts:
            made = [self._type(one, hint, depth, seen) for one in parts]
            return next((one for one in made if not isinstance(one, Json)), Json())
        if kind == "array" or (kind is None and "items" in schema):
            return ListOf(self._type(schema.get("items"), f"{hint} item", depth, seen))
        if kind == "object" or "additionalProperties" in schema:
            return DictOf(self._type(schema.get("additionalProperties"), f"{hint} value", depth, seen))
        if kind == "string" and schema.get("format") == "binary":
            return Scalar("bytes")
        return Scalar(SCALARS[kind]) if isinstance(kind, str) and kind in SCALARS else Json()

    def _fill(self, model: Model, schema: Schema, depth: int) -> None:
        properties, required = self._merged(schema, ())
        taken: set[str] = set()
        for wire, one in list(properties.items())[:MAX_FIELDS]:
            if not wire or wire == "\u2026" or "://" in wire:  # left out by the tool; or no name of a field
                continue
            name = distinct(escaped(snake(wire, "field"), RESERVED_FIELDS), taken)
            taken.add(name)
            type_ = self._type(one, f"{model.name} {wire}", depth, ())
            type_ = Scalar("str") if type_ == Scalar("bytes") else type_
            needed = wire in required
            doc = one.get("description", "") if isinstance(one, dict) else ""
            final = type_ if needed else optional(type_)
            model.fields.append(FieldOf(str(wire), name, final, needed, ascii_text(doc, 90)))


_KNOWN = {*SCALARS, "array", "object"}


def _allows_null(schema: Schema) -> bool:
    return isinstance(schema.get("enum"), list) and None in schema["enum"]


def _of_values(values: list[Any]) -> Type:
    """The type of an enumeration's values, not the values: services add some without notice."""
    kinds: list[Type] = []
    for value in values:
        kind = type(value).__name__
        kinds.append(Scalar(kind) if kind in ("str", "int", "float", "bool") else NONE if value is None else Json())
    return union(kinds)


def choices(schema: object) -> Choice | None:
    """The values of a parameter's enumeration, where they are texts, few and short.

    Numbers are not: what a URL carries is text, and no text is one of some numbers.
    """
    values = schema.get("enum") if isinstance(schema, dict) else None
    if not isinstance(values, list) or not 0 < len(values) <= 20:
        return None
    if all(isinstance(v, str) and len(v) <= 60 and "://" not in v and "\u2026" not in v for v in values):
        return Choice(tuple(dict.fromkeys(values)))
    return None
