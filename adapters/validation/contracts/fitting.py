"""Whether a value fits a JSON schema, as far as shape goes: types, required and known properties, items, choices.

Runs in the jail, where there is no library for it. Lengths, ranges, patterns and formats are not looked at.
"""

from typing import Any

from adapters.validation.performance.samples import resolved

_DEPTH = 40
_ITEMS = 1000
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}

Schema = dict[str, Any]


def misfit(value: object, schema: object, document: Schema, at: str = "the answer", depth: int = 0) -> str:
    """The first thing that does not fit, in words; nothing if it fits."""
    if not isinstance(schema, dict) or depth > _DEPTH:
        return f"{at} should not be there" if schema is False else ""
    schema = resolved(schema, document)
    if value is None and schema.get("nullable") is True:
        return ""
    for part in _list(schema, "allOf"):
        if wrong := misfit(value, part, document, at, depth + 1):
            return wrong
    for key in ("anyOf", "oneOf"):
        choices = [misfit(value, one, document, at, depth + 1) for one in _list(schema, key)]
        if choices and all(choices):
            return choices[0]
    if "const" in schema and value != schema["const"]:
        return f"{at} is not {schema['const']!r:.100}"
    if (allowed := _list(schema, "enum")) and value not in allowed:
        return f"{at} is none of the {len(allowed)} values it may be"
    return _typed(value, schema, document, at, depth)


def _typed(value: object, schema: Schema, document: Schema, at: str, depth: int) -> str:
    given = schema.get("type")
    kinds = given if isinstance(given, list) else [given] if isinstance(given, str) else []
    if kinds and not any(_is(value, kind) for kind in kinds):
        return f"{at} is {type(value).__name__}, and should be {' or '.join(map(str, kinds))}"
    if isinstance(value, list):
        for number, one in enumerate(value[:_ITEMS]):
            if wrong := misfit(one, schema.get("items", {}), document, f"{at}[{number}]", depth + 1):
                return wrong
    return _object(value, schema, document, at, depth) if isinstance(value, dict) else ""


def _object(value: dict[str, Any], schema: Schema, document: Schema, at: str, depth: int) -> str:
    for name in _list(schema, "required"):
        if name not in value:
            return f"{at} has no {name!r:.100}"
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    for name, one in value.items():
        inner = known[name] if name in known else schema.get("additionalProperties", {})
        if wrong := misfit(one, inner, document, f"{at}.{name[:100]}", depth + 1):
            return wrong
    return ""


def _is(value: object, kind: object) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(str(kind), (object,)))


def _list(schema: Schema, key: str) -> list[Any]:
    found = schema.get(key)
    return found if isinstance(found, list) else []
