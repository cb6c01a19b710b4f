"""Small values that a JSON schema admits."""

from collections.abc import Mapping
from typing import Any

_DEEPEST = 6
_STRINGS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/",
    "email": "someone@example.com",
}

Json = Any
Schema = Mapping[str, Json]


class Samples:
    """Samples of the schemas of one document. References are followed; what turns in circles ends at a depth."""

    def __init__(self, document: Schema) -> None:
        self._document = document

    def resolve(self, value: Schema) -> Schema:
        """`value`, or what its `$ref` leads to; an empty object for one that leads nowhere."""
        for _ in range(20):
            ref = value.get("$ref")
            if not isinstance(ref, str):
                return value
            found: Json = self._document
            for part in ref.removeprefix("#/").split("/"):
                name = part.replace("~1", "/").replace("~0", "~")
                found = found.get(name) if isinstance(found, Mapping) else None
            value = found if isinstance(found, Mapping) else {}
        return {}

    def of(self, schema: Schema, depth: int = 0) -> Json:
        schema = self.resolve(schema)
        for given in ("example", "default", "const"):
            if given in schema:
                return schema[given]
        if schema.get("enum"):
            return schema["enum"][0]
        if depth >= _DEEPEST:
            return self._shallow(schema)
        if parts := schema.get("allOf"):
            merged: dict[str, Json] = {}
            for part in parts:
                value = self.of(part, depth + 1)
                merged |= value if isinstance(value, dict) else {}
            return merged | self._object(schema, depth)
        for choice in ("oneOf", "anyOf"):
            if schema.get(choice):
                return self.of(schema[choice][0], depth + 1)
        return self._typed(schema, depth)

    def _typed(self, schema: Schema, depth: int) -> Json:
        match self._type(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                items = schema.get("items")
                return [self.of(items, depth + 1)] if isinstance(items, Mapping) else []
            case "string":
                text = _STRINGS.get(str(schema.get("format")), "sample")
                return text.ljust(int(schema.get("minLength", 0)), "x")
            case "integer" | "number":
                return max(1, int(schema.get("minimum", 1)))
            case "boolean":
                return True
        return None

    def _object(self, schema: Schema, depth: int) -> dict[str, Json]:
        properties = schema.get("properties")
        if not isinstance(properties, Mapping):
            return {}
        return {name: self.of(value, depth + 1) for name, value in properties.items() if isinstance(value, Mapping)}

    def _shallow(self, schema: Schema) -> Json:
        return {"object": {}, "array": [], "string": "sample", "integer": 1, "number": 1, "boolean": True}.get(
            str(self._type(schema))
        )

    @staticmethod
    def _type(schema: Schema) -> str | None:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), None)
        if kind is None and "properties" in schema:
            return "object"
        return kind if isinstance(kind, str) else None
