"""Requests against GitHub's published OpenAPI document: the path, the method, the query and the body of each."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

from simulators.kit import Entry

DATA = Path(__file__).parent / "data"
AGENT = "ccb"
"""How the adapter calls itself: what tests ask by themselves is not looked at."""


def read(name: str) -> Any:
    return json.loads(gzip.decompress((DATA / name).read_bytes()))


REQUESTS = read("requests.json.gz")
_MANY = {"ref", "basehead", "branch", "tree_sha"}
"""Parameters in a path that may hold slashes; a tree can be named by a branch too."""


def _pattern(operation: str) -> re.Pattern[str]:
    method, path = operation.split()
    parts = re.split(r"\{(\w+)\}", path)
    made = [re.escape(part) if number % 2 == 0 else _group(part) for number, part in enumerate(parts)]
    return re.compile(f"{method} {''.join(made)}")


def _group(name: str) -> str:
    return f"(?P<{name}>{'.+' if name in _MANY else '[^/]+'})"


_PATTERNS = [(name, _pattern(name)) for name in sorted(REQUESTS["operations"], key=len, reverse=True)]


def problems(entry: Entry) -> Iterator[str]:
    """What is wrong with a request; nothing if it is as published."""
    called = f"{entry.method} {entry.path}"
    matched = next(((name, found) for name, pattern in _PATTERNS if (found := pattern.fullmatch(called))), None)
    if matched is None:
        yield f"{called} is no operation that GitHub publishes and `take.OPERATIONS` names"
        return
    name, found = matched
    operation = REQUESTS["operations"][name]
    known = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "query"}
    for key, value in parse_qsl(entry.query, keep_blank_values=True):
        if key not in known:
            yield f"{name} has no query parameter {key}"
        else:
            yield from _wrong(f"{name} ?{key}", known[key], _typed(value, known[key]))
    places = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "path"}
    for key, value in found.groupdict().items():
        yield from _wrong(f"{name} {{{key}}}", places[key], _typed(value, places[key]))
    if operation["body"] is not None and (entry.body or operation["required"]):
        yield from _wrong(f"{name} body", _closed(operation["body"]), json.loads(entry.body or "null"))
    elif operation["body"] is None and entry.body not in {"", "{}", "null"}:
        yield f"{name} takes no body, and was given {entry.body[:80]}"


def operation_of(entry: Entry) -> str | None:
    called = f"{entry.method} {entry.path}"
    return next((name for name, pattern in _PATTERNS if pattern.fullmatch(called)), None)


def _wrong(what: str, schema: Any, value: Any) -> Iterator[str]:
    validator = Draft202012Validator({"allOf": [schema], "$defs": REQUESTS["$defs"]})
    for error in validator.iter_errors(value):
        yield f"{what}: {error.message[:200]}"


def _typed(value: str, schema: Any) -> Any:
    """A parameter is text; what its schema calls a number or a truth value is read as one."""
    kind = schema.get("type")
    if kind == "integer" and value.lstrip("-").isdigit():
        return int(value)
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


def _closed(schema: Any) -> Any:
    """GitHub passes over fields that it does not know; one that we send by mistake is to be seen all the same."""
    if schema.get("type") == "object" and "properties" in schema and "additionalProperties" not in schema:
        return {**schema, "additionalProperties": False}
    return schema
