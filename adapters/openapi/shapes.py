"""The shape of a schema: each field with the types it may have, and whether it is always there."""

from dataclasses import dataclass, field

from pydantic import JsonValue

from adapters.openapi.references import Object, items, mapping, reference, text, whole

DEEPEST = 8
"""Levels of fields that are compared."""

MOST_STEPS = 5000
"""Parts of a schema that are looked at: real ones have some hundreds."""

ROOT = "(all)"


@dataclass
class Shape:
    """Fields by place, such as `items[].name`; `(all)` is the value itself. `required` ones are always there.

    `cut`: it is too large, so that fields are missing.
    """

    types: dict[str, frozenset[str]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    steps: int = 0

    @property
    def cut(self) -> bool:
        return self.steps > MOST_STEPS

    def said(self, place: str) -> str:
        return " or ".join(sorted(self.types[place]))


def shape(root: Object, schema: JsonValue) -> Shape:
    """What a schema says. Alternatives (`oneOf`, `anyOf`) are laid over each other; a loop ends where it begins."""
    found = Shape()
    _walk(root, schema, "", found, seen=(), always=True)
    return found


def _walk(root: Object, schema: JsonValue, place: str, found: Shape, *, seen: tuple[str, ...], always: bool) -> None:
    ref = reference(schema)
    if ref is not None:
        if ref in seen:
            return
        seen = (*seen, ref)
    found.steps += 1
    if found.cut or place.count(".") + place.count("[]") > DEEPEST:
        return
    node = whole(dict(root), schema)
    for part in items(node.get("allOf")):
        _walk(root, part, place, found, seen=seen, always=always)
    for part in [*items(node.get("oneOf")), *items(node.get("anyOf"))]:
        _walk(root, part, place, found, seen=seen, always=False)
    types = _types(node)
    if types:
        name = place or ROOT
        found.types[name] = found.types.get(name, frozenset()) | types
    required = {text(one) for one in items(node.get("required"))}
    for name, part in mapping(node.get("properties")).items():
        inner = f"{place}.{name}" if place else name
        if name in required and always:
            found.required.add(inner)
        _walk(root, part, inner, found, seen=seen, always=always and name in required)
    if "items" in node:
        _walk(root, node["items"], f"{place}[]", found, seen=seen, always=always)


def _types(node: Object) -> frozenset[str]:
    """As OpenAPI 3.0 and 3.1 write them; what only combines others has none of its own."""
    declared = node.get("type")
    names = {text(one) for one in items(declared)} if isinstance(declared, list) else {text(declared)}
    names.discard("")
    if not names:
        if any(key in node for key in ("allOf", "oneOf", "anyOf")):
            return frozenset()
        if "properties" in node:
            names = {"object"}
        elif "items" in node:
            names = {"array"}
        else:
            names = {"any"}
    if node.get("nullable") is True:
        names.add("null")
    return frozenset(names)
