"""The outside API's answers: as a version has recorded them, else as the API's document gives them."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

from pydantic import JsonValue, TypeAdapter, ValidationError

from adapters.validation.performance.samples import resolved, sample
from domain.plan import Capability, OperationUse
from domain.testing import RECORDINGS, Exchange

_RECORDED = TypeAdapter(list[Exchange])
_MOST_BYTES = 256 << 10
_MOST_RECORDED = 500

Document = Mapping[str, Any]


def recorded(files: Mapping[str, str]) -> list[Exchange]:
    """What the version's recordings hold; a file that is none of them, or is too large, holds nothing."""
    found: list[Exchange] = []
    for path in sorted(files):
        if path.startswith(RECORDINGS) and path.endswith(".json") and len(files[path]) <= _MOST_BYTES:
            try:
                found += _RECORDED.validate_json(files[path])
            except ValidationError:
                continue
    return [one.model_copy(update={"source": "recorded"}) for one in found[:_MOST_RECORDED]]


def answers(
    capabilities: Iterable[Capability], document: Document | None, recordings: Iterable[Exchange]
) -> dict[str, Exchange]:
    """By capability. One that neither a recording nor the document says anything about is left out."""
    kept = list(recordings)
    found = {one.name: _recording(one.operation, kept) or _documented(one.operation, document) for one in capabilities}
    return {name: answer for name, answer in found.items() if answer is not None}


def _recording(operation: OperationUse, recordings: Iterable[Exchange]) -> Exchange | None:
    """The first good answer to this operation, recorded with the document's path or with a real one."""
    parts = re.split(r"\{[^}]*\}", operation.path)
    path = re.compile("[^/]+".join(re.escape(part) for part in parts))
    for one in recordings:
        same = one.path == operation.path or path.fullmatch(one.path.partition("?")[0])
        if same and one.method.lower() == operation.method and 200 <= one.status < 300:
            return one
    return None


def _documented(operation: OperationUse, document: Document | None) -> Exchange | None:
    described = _under(document, "paths", operation.path, operation.method)
    responses = _under(described, "responses")
    code = next((code for code in sorted(responses) if re.fullmatch(r"2(\d\d|XX)", code)), None)
    if document is None or code is None:
        return None
    response = resolved(dict(_under(responses, code)), dict(document))
    media = next((dict(one) for name, one in _under(response, "content").items() if "json" in name), None)
    status = int(code) if code.isdigit() else 200
    if media is None:
        return _exchange(operation, 204 if status == 204 else status, None, "schema")
    if (given := _example(media)) is not None:
        return _exchange(operation, status, given, "example")
    return _exchange(operation, status, sample(media.get("schema", {}), dict(document)), "schema")


def _example(media: Document) -> JsonValue:
    if media.get("example") is not None:
        return cast("JsonValue", media["example"])
    return next((one["value"] for one in _under(media, "examples").values() if _under(one).get("value")), None)


def _exchange(
    operation: OperationUse, status: int, body: JsonValue, source: Literal["example", "schema"]
) -> Exchange | None:
    """None for an answer that is too large to be one of a test."""
    if len(json.dumps(body)) > _MOST_BYTES:
        return None
    return Exchange(method=operation.method, path=operation.path, status=status, body=body, source=source)


def _under(value: object, *names: str) -> Mapping[str, Any]:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}
