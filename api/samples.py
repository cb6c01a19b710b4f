"""An example of whatever a schema of the OpenAPI document describes.

What the schema says itself comes first (`examples`, a constant, a choice); then what is usual under the property's
name; then the first of some usual strings that its pattern takes. A schema that none of these fits is an error: it
needs `examples` where it is defined.
"""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from domain.errors import CcbError

Schema = Mapping[str, Any]

_HEX = "01a208b6dbf270b3a0afa79a44221072"
_HASH = "sha256:" + "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_MOMENT = "2026-11-23T12:00:00Z"
_URL = "https://integrations.example.com/i/project-issues/"
_BY_NAME: dict[str, tuple[JsonValue, ...]] = {
    "name": ("project-issues", "issues.list", "API_TOKEN", "ada"),
    "title": ("List the open issues of a project",),
    "description": ("Lists the open issues of a project, with their labels.",),
    "integration_id": (f"int_{_HEX}",),
    "organization_id": (f"org_{_HEX}",),
    "person_id": (f"per_{_HEX}",),
    "deployment_id": (f"dep_{_HEX}",),
    "workflow_id": (f"integration/int_{_HEX}",),
    "run_id": ("019aaf0c-9a4e-7d3f-8b51-0c3f5a7e2d11",),
    "content_hash": (_HASH,),
    "hash": (_HASH,),
    "size": (48213,),
    "version": ("1.1.0",),
    "version_range": (">=1,<2",),
    "repository": ("acme/integrations",),
    "repo": ("acme/integrations",),
    "email": ("ada@example.com",),
    "github": ("ada-l",),
    "slack": ("U024BE7LH",),
    "owner": (f"per_{_HEX}",),
    "owner_name": ("ada",),
    "labels": (["payments", "team/billing"],),
    "code": ("not_found",),
    "reason": ("Nobody needs it any more",),
    "failure": (None, "The run failed."),
    "next_cursor": ("WyItY3JlYXRlZCIsICIyMDI2Il0=", None),
    "limit": (50,),
    "usd": ("2.50", 2.5),
    "share": (0.9993,),
    "progress": (0.7,),
    "status_url": ("https://ccb.example.com/api/v1/integrations/project-issues/run",),
    "temporal_url": ("https://temporal.example.com/namespaces/default/workflows/integration%2Fint_01a2/019aaf0c",),
    "url": (_URL,),
    "head_sha": ("da39a3ee5e6b4b0d3255bfef95601890afd80709",),
    "endpoint": ("/health",),
}
_STRINGS = (
    "project-issues",
    "issues.list",
    "API_TOKEN",
    "1.1.0",
    "acme/integrations",
    _URL,
    "https://example.com",
    _HASH,
    "/issues",
    "api.example.com",
    ">=1,<2",
    "payments",
    "ada@example.com",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "2.50",
    "123456",
    "ABCD-EFGH",
)
_FORMATS = {
    "date-time": _MOMENT,
    "date": "2026-11-23",
    "duration": "PT30S",
    "uri": _URL,
    "email": "ada@example.com",
    "binary": "…",
    "uuid": "019aaf0c-9a4e-7d3f-8b51-0c3f5a7e2d11",
    "password": "correct horse battery staple",
    "ipvanyaddress": "203.0.113.7",
}
_OF_IDS = re.compile(r"\^([a-z]+)_\[0-9a-f\]\{32\}\$")
_DEEPEST = 12


class NoSample(CcbError):
    """Nothing usual fits this schema: give it `examples`."""

    code = "no_sample"


def sample(schema: Schema, components: Mapping[str, Schema], *, name: str = "", depth: int = 0) -> JsonValue:
    """Raises NoSample."""
    if depth > _DEEPEST:
        raise NoSample(f"{name} has no end")
    if "$ref" in schema:
        return sample(components[schema["$ref"].rpartition("/")[2]], components, name=name, depth=depth + 1)
    for key in ("examples", "enum"):
        if schema.get(key):
            first: JsonValue = schema[key][0]
            return first
    for key in ("example", "const"):
        if key in schema:
            given: JsonValue = schema[key]
            return given
    for usual in _BY_NAME.get(name, ()):
        if _fits(usual, schema):
            return usual
    return _made(schema, components, name, depth)


def _made(schema: Schema, components: Mapping[str, Schema], name: str, depth: int) -> JsonValue:
    for key in ("anyOf", "oneOf"):
        if key in schema:
            options = [one for one in schema[key] if one.get("type") != "null"] or schema[key]
            return sample(options[0], components, name=name, depth=depth + 1)
    if "allOf" in schema:
        return sample(schema["allOf"][0], components, name=name, depth=depth + 1)
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {
                one: sample(about, components, name=one, depth=depth + 1)
                for one, about in properties.items()
                if one in schema.get("required", ()) or not _endless(about, depth)
            }
        case "array":
            return _array(schema, components, name, depth)
        case "string":
            return _string(schema, name)
        case "integer" | "number":
            least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            number: JsonValue = schema.get("default", max(1, least))
            return number
        case "boolean":
            return bool(schema.get("default", True))
        case "null":
            return None
    return {} if not schema.get("type") else None


def _endless(schema: Schema, depth: int) -> bool:
    return depth >= _DEEPEST - 3 and "$ref" in str(schema)


def _array(schema: Schema, components: Mapping[str, Schema], name: str, depth: int) -> list[JsonValue]:
    if "prefixItems" in schema:
        return [sample(one, components, name=name, depth=depth + 1) for one in schema["prefixItems"]]
    if schema.get("maxItems") == 0 or "items" not in schema:
        return []
    if _endless(schema["items"], depth):
        return []
    return [sample(schema["items"], components, name=name, depth=depth + 1)] * max(1, schema.get("minItems", 1))


def _string(schema: Schema, name: str) -> str:
    if (usual := _FORMATS.get(str(schema.get("format", "")))) is not None:
        return usual
    if (prefix := _OF_IDS.fullmatch(schema.get("pattern", ""))) is not None:
        return f"{prefix[1]}_{_HEX}"
    default = schema.get("default")
    for candidate in (*([default] if default else ()), name.replace("_", " ").capitalize(), *_STRINGS):
        if _fits(candidate, schema):
            return str(candidate)
    least = int(schema.get("minLength", 0))
    if "pattern" not in schema and least <= schema.get("maxLength", least):
        return "x" * least
    raise NoSample(f"{name}: nothing usual fits {dict(schema)}; give it examples")


def _fits(value: JsonValue, schema: Schema) -> bool:
    """Whether the value may stand there, as far as type, length and pattern say."""
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return any(_fits(value, one) for one in schema[key])
    match schema.get("type"):
        case "string" if isinstance(value, str):
            length = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
            pattern = "pattern" not in schema or re.search(schema["pattern"], value) is not None
            known = schema.get("format") in {None, "uri", "email", "password"}
            return bool(length and pattern and known and value in schema.get("enum", [value]))
        case "integer" | "number":
            if not isinstance(value, int | float) or (schema["type"] == "integer" and isinstance(value, float)):
                return False
            return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
        case "null":
            return value is None
        case "array" if isinstance(value, list):
            items = schema.get("items", {})
            return all(_fits(one, items) for one in value) and len(value) <= schema.get("maxItems", len(value))
    return False
