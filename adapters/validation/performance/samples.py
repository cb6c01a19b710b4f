"""Values that fit a JSON schema, as the integration's own OpenAPI document gives it. Runs in the jail."""

from typing import Any

_DEPTH = 4
_TEXTS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/",
    "email": "a@example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "binary": "text",
}

Schema = dict[str, Any]
Json = dict[str, Any] | list[Any] | str | int | float | bool | None


def sample(schema: object, document: Schema, depth: int = 0) -> Json:
    """One value. Objects get all their properties to some depth and the required ones below it; arrays one item."""
    if not isinstance(schema, dict) or depth > 2 * _DEPTH:
        return {} if schema is not False else None
    schema = resolved(schema, document)
    for key in ("const", "default", "example"):
        if schema.get(key) is not None:
            given: Json = schema[key]
            return given
    for key in ("enum", "examples"):
        if isinstance(schema.get(key), list) and schema[key]:
            first: Json = schema[key][0]
            return first
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            return _one_of(schema[key], document, depth)
    if isinstance(schema.get("allOf"), list):
        parts = [sample(part, document, depth) for part in schema["allOf"]]
        return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
    return _typed(schema, document, depth)


def _one_of(choices: list[Any], document: Schema, depth: int) -> Json:
    found = next((one for one in choices if isinstance(one, dict) and one.get("type") != "null"), None)
    return sample(found, document, depth) if found is not None else None


def _typed(schema: Schema, document: Schema, depth: int) -> Json:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    match kind:
        case "string":
            text = _TEXTS.get(str(schema.get("format", "")), "text")
            return text + "x" * min(_number(schema.get("minLength")) - len(text), 1000)
        case "integer" | "number":
            return max(1, _number(schema.get("minimum")), _number(schema.get("exclusiveMinimum"), -1) + 1)
        case "boolean":
            return True
        case "array":
            return [sample(schema.get("items", {}), document, depth + 1)]
        case "null":
            return None
    properties = schema.get("properties")
    required = schema.get("required")
    names = properties if isinstance(properties, dict) else {}
    wanted = required if isinstance(required, list) else []
    return {
        name: sample(inner, document, depth + 1) for name, inner in names.items() if depth < _DEPTH or name in wanted
    }


def _number(value: object, other: int = 0) -> int:
    return int(value) if isinstance(value, int | float) and abs(value) < 1 << 53 else other


def resolved(schema: Schema, document: Schema) -> Schema:
    for _ in range(20):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
        schema = found if isinstance(found, dict) else {}
    return {}
