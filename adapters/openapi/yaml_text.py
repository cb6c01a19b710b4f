"""YAML to JSON values, from the parser's events: nothing recurses, nothing is built before it is counted.

Scalars follow the JSON schema of YAML 1.2 (§10.2), as OpenAPI demands: `2020-01-01`, `no`, `12:30` and `007` are
strings. Keys are the text that was written, so `200:` is the key `"200"`. Merge keys (`<<`) work. Aliases share what
they name, and count with all that they expand to.
"""

import math
import re
from typing import Final

import yaml
from pydantic import JsonValue

from adapters.openapi.bounds import MAX_DEPTH, MAX_VALUES, refused
from domain.errors import InvalidDocument

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CONSTANTS: Final[dict[str, JsonValue]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,300})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,300}|(0|[1-9][0-9]{0,300})(\.[0-9]{0,300})?)([eE][-+]?[0-9]{1,5})?")
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = {"!", _TAG + "str", _TAG + "timestamp", _TAG + "binary"}
_PLAIN_TAGS = {_TAG + "int", _TAG + "float", _TAG + "bool", _TAG + "null"}
_CONTAINER_TAGS = {None, "!", _TAG + "map", _TAG + "seq"}


class _Container:
    """A list or mapping that is being filled. `size` is the bytes it expands to, roughly; `values` likewise."""

    __slots__ = ("anchor", "key", "merging", "size", "target", "values")

    def __init__(self, target: "list[JsonValue] | dict[str, JsonValue]", anchor: str | None) -> None:
        self.target = target
        self.anchor = anchor
        self.key: str | None = None
        self.merging: list[JsonValue] = []
        self.size = 2
        self.values = 1

    @property
    def wants_key(self) -> bool:
        return isinstance(self.target, dict) and self.key is None


class _Builder:
    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._open: list[_Container] = []
        self._anchors: dict[str, tuple[JsonValue, int, int] | None] = {}
        self._size = 0
        self._values = 0
        self._result: list[JsonValue] = []

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.AliasEvent():
                self._alias(event.anchor or "")
            case yaml.MappingStartEvent():
                self._start({}, event)
            case yaml.SequenceStartEvent():
                self._start([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end()
            case yaml.DocumentStartEvent() if self._result:
                raise refused("it holds several YAML documents; one is expected.")
            case _:
                pass

    def result(self) -> JsonValue:
        return self._result[0] if self._result else None

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if self._open and self._open[-1].wants_key:
            self._open[-1].key = "\0<<" if event.value == "<<" and event.implicit[0] else event.value
            self._count(len(event.value) + 4, 0)
            return
        value = _scalar_value(event)
        size = len(event.value) + 3
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, size, 1)
        self._add(value, size, 1)

    def _alias(self, name: str) -> None:
        if name not in self._anchors:
            raise refused(f"the YAML alias *{name[:60]} names no anchor.")
        known = self._anchors[name]
        if known is None:
            raise refused(f"it contains itself: the YAML alias *{name[:60]} stands inside what it names.")
        value, size, values = known
        if self._open and self._open[-1].wants_key:
            if not isinstance(value, str):
                raise refused("a YAML mapping has a key that is not text.")
            self._open[-1].key = value
            self._count(size, 0)
            return
        self._add(value, size, values)

    def _start(self, target: "list[JsonValue] | dict[str, JsonValue]", event: yaml.CollectionStartEvent) -> None:
        if self._open and self._open[-1].wants_key:
            raise refused("a YAML mapping has a key that is not text.")
        if event.tag not in _CONTAINER_TAGS:
            raise refused(f"the YAML tag {str(event.tag)[:80]} is not allowed.")
        if len(self._open) >= MAX_DEPTH:
            raise refused(f"it is nested more than {MAX_DEPTH} levels deep.")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._total(2, 1)
        self._open.append(_Container(target, event.anchor))

    def _end(self) -> None:
        done = self._open.pop()
        if isinstance(done.target, dict):
            for merged in done.merging:
                if not isinstance(merged, dict):
                    raise refused("a YAML merge key (<<) names something that is not a mapping.")
                for key, value in merged.items():
                    done.target.setdefault(key, value)
        if done.anchor is not None:
            self._anchors[done.anchor] = (done.target, done.size, done.values)
        self._place(done.target)
        if self._open:
            self._open[-1].size += done.size
            self._open[-1].values += done.values

    def _add(self, value: JsonValue, size: int, values: int) -> None:
        self._count(size, values)
        self._place(value)

    def _count(self, size: int, values: int) -> None:
        if self._open:
            self._open[-1].size += size
            self._open[-1].values += values
        self._total(size, values)

    def _total(self, size: int, values: int) -> None:
        self._size += size
        self._values += values
        if self._size > self._max_bytes or self._values > MAX_VALUES:
            raise refused("its YAML aliases expand beyond bounds." if self._anchors else "it holds too many values.")

    def _place(self, value: JsonValue) -> None:
        if not self._open:
            self._result.append(value)
            return
        top = self._open[-1]
        if isinstance(top.target, list):
            top.target.append(value)
        elif top.key == "\0<<":
            top.merging.extend(value if isinstance(value, list) else [value])
            top.key = None
        elif top.key is not None:
            top.target[top.key] = value
            top.key = None


def _scalar_value(event: yaml.ScalarEvent) -> JsonValue:
    text: str = event.value
    if event.tag is None or event.tag in _PLAIN_TAGS:
        if not event.implicit[0] and event.tag is None:
            return text
        return _plain(text)
    if event.tag in _TEXT_TAGS:
        return text
    raise refused(f"the YAML tag {str(event.tag)[:80]} is not allowed.")


def _plain(text: str) -> JsonValue:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "-+.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def load_yaml(text: str, *, max_bytes: int) -> JsonValue:
    """The one document in `text`. `max_bytes` bounds what it expands to. Raises InvalidDocument."""
    builder = _Builder(max_bytes)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except InvalidDocument:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        raise refused(f"it is neither JSON nor YAML ({str(what)[:120]}{where}).") from error
    return builder.result()
