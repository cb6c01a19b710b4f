"""Local references (`$ref`): JSON pointers in URI fragments (RFC 6901), read as forgivingly as real documents need."""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from pydantic import JsonValue

from adapters.openapi.bounds import MAX_HOPS

Json = JsonValue
Object = Mapping[str, JsonValue]

_SCHEMAS: Final = "#/components/schemas/"
# Below these keys stand names that the author chose, not words of the specification.
_NAMES: Final = frozenset(
    {
        "properties",
        "patternProperties",
        "$defs",
        "definitions",
        "dependentSchemas",
        "schemas",
        "responses",
        "parameters",
    }
    | {"headers", "requestBodies", "securitySchemes", "links", "callbacks", "pathItems", "paths", "webhooks"}
    | {"content", "encoding", "variables"}
)
# Below these keys stands data, in which `$ref` means nothing.
_DATA: Final = frozenset({"example", "examples", "default", "enum", "const", "mapping", "scopes"})


class Dangling(LookupError):
    """The reference leads nowhere."""


class Looping(LookupError):
    """The reference leads back to itself."""


def mapping(value: JsonValue) -> Object:
    """`value` if it is an object, else an empty one: real documents have nulls in the oddest places."""
    return value if isinstance(value, dict) else {}


def items(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def reference(value: JsonValue) -> str | None:
    """The `$ref` of an object that has one."""
    found = value.get("$ref") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def schema_name(ref: str) -> str | None:
    """The name in `#/components/schemas/NAME`; None for any other reference."""
    if not ref.startswith(_SCHEMAS) or "/" in ref[len(_SCHEMAS) :]:
        return None
    return _unescaped(unquote(ref[len(_SCHEMAS) :]))


def resolved(root: JsonValue, ref: str) -> JsonValue:
    """What `ref` points at, through further references. Raises Dangling, Looping."""
    seen: set[str] = set()
    value = _at(root, ref, seen)
    while (further := reference(value)) is not None:
        value = _at(root, further, seen)
    return value


def whole(root: JsonValue, value: JsonValue) -> Object:
    """The object `value`, or the one it refers to with what stands beside the `$ref` laid over it."""
    ref = reference(value)
    if ref is None:
        return mapping(value)
    beside = {key: part for key, part in mapping(value).items() if key != "$ref"}
    try:
        return {**mapping(resolved(root, ref)), **beside}
    except LookupError:
        return beside


def places(root: JsonValue) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every reference of a document, with the place it stands at."""
    stack: list[tuple[JsonValue, tuple[str, ...], bool]] = [(root, (), False)]
    while stack:
        value, place, names = stack.pop()
        if isinstance(value, list):
            stack.extend(
                (part, (*place, str(n)), False) for n, part in enumerate(value) if isinstance(part, (dict, list))
            )
        elif isinstance(value, dict):
            if not names and (ref := reference(value)) is not None:
                yield ref, place
            for key, part in value.items():
                if not isinstance(part, (dict, list)) or (not names and (key in _DATA or key.startswith("x-"))):
                    continue
                stack.append((part, (*place, key), not names and key in _NAMES))


def _at(root: JsonValue, ref: str, seen: set[str]) -> JsonValue:
    if ref in seen or len(seen) >= MAX_HOPS:
        raise Looping(ref)
    seen.add(ref)
    if not ref.startswith("#/"):
        raise Dangling(ref)
    value = root
    for raw in ref[2:].split("/"):
        # A pointer may lead through an object that is itself a reference.
        while (further := reference(value)) is not None and not _has(value, raw):
            value = _at(root, further, seen)
        value = _step(value, raw, ref)
    return value


def _keys(raw: str) -> tuple[str, str]:
    """The key as the standard reads it, and as it stands: some generators do not escape."""
    return _unescaped(unquote(raw)), _unescaped(raw)


def _has(value: JsonValue, raw: str) -> bool:
    return isinstance(value, dict) and any(key in value for key in _keys(raw))


def _step(value: JsonValue, raw: str, ref: str) -> JsonValue:
    if isinstance(value, dict):
        for key in _keys(raw):
            if key in value:
                return value[key]
    if isinstance(value, list) and re.fullmatch(r"[0-9]{1,7}", raw) and int(raw) < len(value):
        return value[int(raw)]
    raise Dangling(ref)


def _unescaped(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")
