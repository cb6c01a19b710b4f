"""What of an OpenAPI document would break a client of an earlier one.

Requests may take more and answers may say more; what could be sent must still be taken, and what was answered must
still be answered. Descriptions and examples break nobody.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
_PROSE = frozenset({"description", "summary", "example", "examples", "title", "tags", "servers"})
_BOUNDS = {
    "maxLength": -1,
    "maxItems": -1,
    "maximum": -1,
    "exclusiveMaximum": -1,
    "minLength": 1,
    "minItems": 1,
    "minimum": 1,
    "exclusiveMinimum": 1,
}
"""Which way a bound narrows what is taken."""


def contract(document: Any) -> Any:
    """The document without prose: what is kept of a release. Names of properties are no prose."""
    if isinstance(document, list):
        return [contract(one) for one in document]
    if not isinstance(document, dict):
        return document
    kept = {}
    for name, value in document.items():
        if name in {"properties", "schemas", "paths", "headers"} and isinstance(value, dict):
            kept[name] = {key: contract(one) for key, one in value.items()}
        elif name not in _PROSE or (name == "title" and isinstance(value, dict)):
            kept[name] = contract(value)
    return kept


def major(document: Document) -> str:
    return str(document["info"]["version"]).partition(".")[0]


def breaks(before: Document, after: Document) -> list[str]:
    """Each break in words, sorted; none if the major version has grown."""
    if major(before) != major(after):
        return []
    return sorted(set(_operations(before, after)))


def _operations(before: Document, after: Document) -> Iterator[str]:
    for path, methods in before["paths"].items():
        for method, old in methods.items():
            where = f"{method.upper()} {path}"
            new = after["paths"].get(path, {}).get(method)
            if new is None:
                yield f"{where}: is gone"
                continue
            if old["operationId"] != new["operationId"]:
                yield f"{where}: operationId {old['operationId']} became {new['operationId']}"
            comparison = _Comparison(before, after)
            yield from _parameters(where, old, new, comparison)
            yield from _body(where, old, new, comparison)
            yield from _responses(where, old, new, comparison)
            if not old.get("security") and new.get("security"):
                yield f"{where}: needs credentials now"


def _parameters(where: str, old: Document, new: Document, compared: "_Comparison") -> Iterator[str]:
    known = {(one["in"], one["name"].lower()): one for one in old.get("parameters", ())}
    given = {(one["in"], one["name"].lower()): one for one in new.get("parameters", ())}
    for key, one in given.items():
        before = known.get(key)
        if one.get("required") and not (before or {}).get("required"):
            yield f"{where}: parameter {key[1]} is required now"
        if before is not None:
            yield from compared.taken(f"{where}: parameter {key[1]}", before["schema"], one["schema"])
    for key in known.keys() - given.keys():
        yield f"{where}: parameter {key[1]} is gone"


def _body(where: str, old: Document, new: Document, compared: "_Comparison") -> Iterator[str]:
    before, after = old.get("requestBody"), new.get("requestBody")
    if after is not None and after.get("required") and not (before or {}).get("required"):
        yield f"{where}: a body is required now"
    if before is None:
        return
    for media_type, about in before["content"].items():
        now = (after or {}).get("content", {}).get(media_type)
        if now is None:
            yield f"{where}: takes no {media_type} any more"
        else:
            yield from compared.taken(f"{where}: body", about.get("schema", {}), now.get("schema", {}))


def _responses(where: str, old: Document, new: Document, compared: "_Comparison") -> Iterator[str]:
    for status, response in old["responses"].items():
        now = new["responses"].get(status)
        if now is None:
            if status.startswith("2"):
                yield f"{where}: answers no {status} any more"
            continue
        for name in response.get("headers", {}).keys() - now.get("headers", {}).keys():
            yield f"{where}: {status} has no header {name} any more"
        for media_type, about in response.get("content", {}).items():
            given = now.get("content", {}).get(media_type)
            if given is None:
                yield f"{where}: {status} is no {media_type} any more"
            else:
                there = f"{where}: {status}"
                yield from compared.answered(there, about.get("schema", {}), given.get("schema", {}))


class _Comparison:
    """Schemas of two documents, each with its own components. A pair that is being compared already is not again."""

    def __init__(self, before: Document, after: Document) -> None:
        self._before = before.get("components", {}).get("schemas", {})
        self._after = after.get("components", {}).get("schemas", {})
        self._seen: set[tuple[str, str]] = set()

    def taken(self, where: str, old: Document, new: Document) -> Iterator[str]:
        """What narrows what may be sent."""
        yield from self._compare(where, old, new, sent=True)

    def answered(self, where: str, old: Document, new: Document) -> Iterator[str]:
        """What takes away from what is answered."""
        yield from self._compare(where, old, new, sent=False)

    def _compare(self, where: str, old: Document, new: Document, *, sent: bool) -> Iterator[str]:
        names = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if all(names):
            if names in self._seen:
                return
            self._seen.add(names)
        old, new = self._resolved(old, self._before), self._resolved(new, self._after)
        narrow, wide = (old, new) if sent else (new, old)
        yield from _choices(where, narrow, wide)
        missing = _types(narrow) - _types(wide)
        if _types(wide) and (missing or not _types(narrow)):
            yield f"{where}: was {_shown(old)}, is {_shown(new)}"
        if sent:
            yield from _bounds(where, old, new)
        yield from self._fields(where, old, new, sent=sent)
        if "items" in old and "items" in new:
            yield from self._compare(f"{where}[]", old["items"], new["items"], sent=sent)
        yield from self._alternatives(where, old, new, sent=sent)

    def _fields(self, where: str, old: Document, new: Document, *, sent: bool) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before.keys() - after.keys():
            yield f"{where}.{name}: is gone"
        for name in before.keys() & after.keys():
            yield from self._compare(f"{where}.{name}", before[name], after[name], sent=sent)
        was, now = set(old.get("required", ())), set(new.get("required", ()))
        if sent:
            yield from (f"{where}.{name}: is required now" for name in now - was)
        else:
            yield from (f"{where}.{name}: may be missing now" for name in (was - now) & after.keys())

    def _alternatives(self, where: str, old: Document, new: Document, *, sent: bool) -> Iterator[str]:
        """Each of the alternatives that there were has to be one of those that there are."""
        for key in ("anyOf", "oneOf"):
            kept, offered = (old, new) if sent else (new, old)
            there = [one for other in ("anyOf", "oneOf") for one in offered.get(other, ())] or [offered]
            for one in kept.get(key, ()):
                pairs = [(one, other) if sent else (other, one) for other in there]
                if not any(self._fits(before, after, sent=sent) for before, after in pairs):
                    yield f"{where}: {'takes' if sent else 'may be'} {_shown(one)} {'no more' if sent else 'now'}"

    def _fits(self, old: Document, new: Document, *, sent: bool) -> bool:
        apart = _Comparison({"components": {"schemas": self._before}}, {"components": {"schemas": self._after}})
        apart._seen = set(self._seen)
        return not list(apart._compare("", old, new, sent=sent))

    def _resolved(self, schema: Document, components: Document) -> Document:
        while "$ref" in schema:
            schema = components[schema["$ref"].rpartition("/")[2]]
        return schema


def _types(schema: Document) -> set[str]:
    kind = schema.get("type")
    found = {kind} if isinstance(kind, str) else set(kind or ())
    return found | {"number", "integer"} if "number" in found else found


def _choices(where: str, narrow: Document, wide: Document) -> Iterator[str]:
    """A value that one end may choose has to be one that the other knows."""
    values = [
        set(map(str, one["enum"])) if "enum" in one else {str(one["const"])} if "const" in one else None
        for one in (narrow, wide)
    ]
    if values[1] is not None:
        more = sorted((values[0] or {"any other"}) - values[1])
        yield from (f"{where}: {value} is not a choice for both" for value in more)


def _bounds(where: str, old: Document, new: Document) -> Iterator[str]:
    for name, way in _BOUNDS.items():
        if name in new and (name not in old or (new[name] - old[name]) * way > 0):
            yield f"{where}: {name} is {new[name]} now"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where}: has to match {new['pattern']} now"


def _shown(schema: Document) -> str:
    return str(schema.get("type") or schema.get("$ref") or "anything")
