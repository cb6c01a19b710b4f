"""Bytes to JSON values: JSON first, then YAML, both bounded before anything large is built."""

import codecs
import json

from pydantic import JsonValue

from adapters.openapi.bounds import MAX_DEPTH, MAX_VALUES, refused, too_large
from adapters.openapi.yaml_text import load_yaml

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_EXPANSION = 2
"""How often its own bound a document may grow by YAML aliases and JSON escapes."""


def parse(data: bytes, *, max_bytes: int) -> JsonValue:
    """The value that `data` holds. Raises InvalidDocument, DocumentTooLarge."""
    if len(data) > max_bytes:
        raise too_large(len(data), max_bytes)
    text = _decoded(data)
    start = text.lstrip()[:200]
    if not start:
        raise refused("it is empty.")
    if start.startswith("<"):
        raise refused("it is an HTML or XML page; give the address of the JSON or YAML document itself.")
    value = _json_or_yaml(text, looks_like_json=start[0] in "{[", max_bytes=max_bytes)
    check_depth(value)
    return value


def canonical(value: JsonValue, *, max_bytes: int) -> bytes:
    """UTF-8 JSON with sorted keys. A lone surrogate, which UTF-8 cannot hold, becomes `?`."""
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise refused("it holds a number that JSON cannot express.") from error
    data = text.encode("utf-8", "replace")
    if len(data) > _EXPANSION * max_bytes:
        raise refused("it expands beyond bounds.")
    return data


def check_depth(value: JsonValue) -> None:
    """Raise InvalidDocument if `value` is nested too deep. Walks by level, so that the walk cannot overflow."""
    level: list[JsonValue] = [value]
    for _ in range(MAX_DEPTH + 1):
        # By identity: what YAML aliases share is looked at once a level, not once an alias.
        children: dict[int, JsonValue] = {}
        for item in level:
            parts = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
            children.update((id(part), part) for part in parts if isinstance(part, (dict, list)))
        if not children:
            return
        level = list(children.values())
    raise refused(f"it is nested more than {MAX_DEPTH} levels deep.")


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            data, chosen = data[len(mark) :], encoding
            break
    else:
        chosen = "utf-8"
    try:
        return data.decode(chosen)
    except UnicodeDecodeError as error:
        raise refused("it is not text in UTF-8.") from error


def _json_or_yaml(text: str, *, looks_like_json: bool, max_bytes: int) -> JsonValue:
    if looks_like_json:
        if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
            raise refused(f"it holds more than {MAX_VALUES:,} values.")
        try:
            value: JsonValue = json.loads(text, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            problem = f"{error.msg} in line {error.lineno}, column {error.colno}"
        except RecursionError as error:
            raise refused(f"it is nested more than {MAX_DEPTH} levels deep.") from error
        except ValueError as error:
            raise refused("it holds a number that JSON cannot express.") from error
        else:
            return value
        if text.rstrip()[-1] not in "}]":  # cut off; YAML would only say the same less well
            raise refused(f"it is not complete JSON ({problem}).")
    return load_yaml(text, max_bytes=_EXPANSION * max_bytes)


def _no_constant(name: str) -> JsonValue:
    raise ValueError(name)
