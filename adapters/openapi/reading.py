"""Reading parts of a document as JSON text that fits into a turn."""

import json
from collections.abc import Iterable

from pydantic import JsonValue

from adapters.openapi.model import Model, Operation
from adapters.openapi.references import (
    Object,
    items,
    mapping,
    places,
    reference,
    resolved,
    schema_name,
    text,
    whole,
)
from adapters.openapi.servers import filled
from domain.text import shown

MAX_TEXT = 60_000
"""Characters of an answer."""

_ROOM_FOR_SCHEMAS = 20_000
_LEVELS = 2
_NOTE = "Cut to fit: … marks what is left out. read_schema reads a named schema."
# Levels, entries of an object or list, characters of a text: each step keeps less, the last always fits.
_CUTS = ((200, 10**6, 10**6), (200, 10**6, 300), (14, 100, 200), (9, 40, 150), (6, 20, 100), (4, 10, 60), (2, 5, 40))
_LONGEST_KEY = 200


def read_operation(model: Model, operation: Operation) -> str:
    """As described in tools.ReadOperation."""
    inliner = _Inliner(model)
    node = {key: part for key, part in operation.node.items() if key not in {"parameters", "servers", "security"}}
    parts: dict[str, JsonValue] = {
        "operation": inliner.inlined({**node, **_kept(operation.node, "security")}),
        "parameters": inliner.inlined(_parameters(model, operation)),
        "security_schemes": inliner.inlined(_security_schemes(model, operation)),
        "servers": _servers(model, operation),
    }
    answer: dict[str, JsonValue] = {"method": operation.method, "path": operation.path}
    fitted, cut = _fitted(parts, MAX_TEXT - _ROOM_FOR_SCHEMAS)
    answer |= mapping(fitted)
    schemas, left_out = _closure(model, inliner, parts, MAX_TEXT - len(_dumped(answer)) - 8_000)
    answer["schemas"] = schemas
    if cut or left_out:
        answer["note"] = _NOTE
    if left_out:
        answer["schemas_left_out"] = [name[:_LONGEST_KEY] for name in left_out[:30]]
    return _dumped(_as_a_page(answer))


def read_schema(model: Model, name: str) -> str:
    """As described in tools.ReadSchema: `{"name", "schema", "refers_to"}`."""
    schema = _Inliner(model).inlined(model.schemas[name])
    fitted, cut = _fitted(schema, MAX_TEXT - 10_000)
    names: list[JsonValue] = [found[:_LONGEST_KEY] for found in _schema_names([schema])[:40]]
    answer: dict[str, JsonValue] = {"name": name[:1000], "schema": fitted, "refers_to": names}
    return _dumped(_as_a_page(answer | ({"note": _NOTE} if cut else {})))


class _Inliner:
    """Replaces references by what they mean, except references to named schemas, which stay.

    Bounded: references that double at each step, or go round, are left as they are.
    """

    _BUDGET, _DEEPEST = 20_000, 60

    def __init__(self, model: Model) -> None:
        self._root = dict(model.root)
        self._left = self._BUDGET

    def inlined(self, value: JsonValue, depth: int = 0, within: frozenset[str] = frozenset()) -> JsonValue:
        self._left -= 1
        if depth > self._DEEPEST or self._left < 0:
            return value
        if isinstance(value, list):
            return [self.inlined(part, depth + 1, within) for part in value]
        if not isinstance(value, dict):
            return value
        ref = reference(value)
        if ref is not None and schema_name(ref) is None and ref not in within:
            return self._meant(value, ref, depth, within)
        return {key: self.inlined(part, depth + 1, within) for key, part in value.items()}

    def _meant(self, value: dict[str, JsonValue], ref: str, depth: int, within: frozenset[str]) -> JsonValue:
        try:
            target = resolved(self._root, ref)
        except LookupError:  # in an example, where it is data
            return value
        if len(value) > 1 and isinstance(target, dict):
            target = {**target, **{key: part for key, part in value.items() if key != "$ref"}}
        return self.inlined(target, depth + 1, within | {ref})


def _kept(node: Object, *keys: str) -> Object:
    return {key: node[key] for key in keys if key in node}


def _parameters(model: Model, operation: Operation) -> list[JsonValue]:
    """Path-level parameters, overridden by the operation's of the same place and name."""
    merged: dict[tuple[str, str], JsonValue] = {}
    for parameter in (*items(operation.item.get("parameters")), *items(operation.node.get("parameters"))):
        found = dict(whole(dict(model.root), parameter))
        merged[text(found.get("in")), text(found.get("name"))] = found
    return list(merged.values())


def _security_schemes(model: Model, operation: Operation) -> JsonValue:
    required = operation.node.get("security", model.root.get("security"))
    names = {name for requirement in items(required) for name in mapping(requirement)}
    schemes = mapping(mapping(model.root.get("components")).get("securitySchemes"))
    return {name: schemes[name] for name in sorted(names) if name in schemes}


def _servers(model: Model, operation: Operation) -> list[JsonValue]:
    nearest = next(
        (found for level in (operation.node, operation.item, model.root) if (found := level.get("servers"))), []
    )
    return [{**mapping(server), "url": filled(server)} for server in items(nearest)[:10]]


def _closure(
    model: Model, inliner: _Inliner, parts: dict[str, JsonValue], room: int
) -> tuple[dict[str, JsonValue], list[str]]:
    """The named schemas that `parts` needs, level by level while there is room, and the names left out."""
    found: dict[str, JsonValue] = {}
    left_out: list[str] = []
    level: Iterable[JsonValue] = parts.values()
    for _ in range(_LEVELS):
        added: list[JsonValue] = []
        for name in _schema_names(level):
            if name in found or name in left_out or name not in model.schemas:
                continue
            schema = inliner.inlined(model.schemas[name])
            size = len(_dumped({name: schema}))
            if size > room:
                left_out.append(name)
                continue
            room -= size
            found[name] = schema
            added.append(schema)
        level = added
    return found, left_out


def _schema_names(values: Iterable[JsonValue]) -> list[str]:
    return sorted({name for value in values for ref, _ in places(value) if (name := schema_name(ref)) is not None})


def _fitted(value: JsonValue, limit: int) -> tuple[JsonValue, bool]:
    """`value` cut until its JSON fits into `limit` characters, and whether it was cut."""
    for step, (levels, entries, characters) in enumerate(_CUTS):
        kept = _cut(value, levels, entries, characters) if step else value
        if len(_dumped(kept)) <= limit:
            return kept, step > 0
    return "…", True


def _cut(value: JsonValue, levels: int, entries: int, characters: int) -> JsonValue:
    if isinstance(value, str):
        return value if len(value) <= characters else value[:characters] + "…"
    if not isinstance(value, (dict, list)):
        return value
    if levels == 0:
        return "…"
    if isinstance(value, list):
        cut = [_cut(part, levels - 1, entries, characters) for part in value[:entries]]
        return [*cut, "…"] if len(value) > entries else cut
    kept = {key[:_LONGEST_KEY]: _cut(value[key], levels - 1, entries, characters) for key in list(value)[:entries]}
    return {**kept, "…": "…"} if len(value) > entries else kept


def _as_a_page(value: JsonValue) -> JsonValue:
    """`value` with texts as a page shows them: what is hidden in the markup of a description is for nobody to read."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list):
        return [_as_a_page(part) for part in value]
    if isinstance(value, dict):
        return {key: _as_a_page(part) for key, part in value.items()}
    return value


def _dumped(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
