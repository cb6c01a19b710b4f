"""Writes the tests of the client's settings, secrets and connections: the end of `tests/test_client.py`."""

import httpx

from simulators.claude.brain import samples
from simulators.claude.brain.operations import Operation, Service
from simulators.claude.brain.security import Credential
from simulators.claude.brain.types import Scalar, literal, quoted

_BASE_URL = """

def test_the_base_url_is_the_manifests_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upstream = Upstream(httpx.Response(500))
    with contextlib.suppress(UpstreamError):
        call(upstream, {call}, base_url=None)
    assert str(upstream.requests[0].url) == {whole}
    monkeypatch.setenv("BASE_URL", UPSTREAM)
    with contextlib.suppress(UpstreamError):
        call(upstream, {call}, base_url=None)
    assert str(upstream.requests[1].url).startswith(UPSTREAM)
"""
_ASKS = """

def test_every_request_says_who_asks_and_how_long_it_waits() -> None:
    upstream = Upstream(httpx.Response(500))
    with contextlib.suppress(UpstreamError):
        call(upstream, {call})
    [request] = upstream.requests
    assert request.headers["User-Agent"] == {agent}{accept}
    waits = dict.fromkeys(("connect", "read", "write", "pool"), {timeout!r})
    assert request.extensions["timeout"] == waits
"""
_CLOSED = """

def test_leaving_closes_the_connections() -> None:
    upstream = Upstream(httpx.Response(500))
    with contextlib.suppress(UpstreamError):
        call(upstream, {call})
    assert upstream.closed
"""
_ELSEWHERE = """

@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_a_path_that_would_lead_elsewhere_is_not_asked_for(segment: str) -> None:
    upstream = Upstream(httpx.Response(200))
    with pytest.raises(UpstreamError) as caught:
        call(upstream, lambda api: api.{function}({arguments}))
    assert caught.value.status == 404
    assert upstream.requests == []
"""


def settings_tests(service: Service) -> str:
    """Where requests go, what they carry, and that connections are closed."""
    call = f"CALLS[{quoted(service.operations[0].function)}]"
    only_json = all(one.answer_kind in ("json", "none") for one in service.operations)
    accept = '\n    assert request.headers["Accept"] == "application/json"' if only_json else ""
    agent = literal(f"{service.name}/{service.version}")
    parts = [
        _BASE_URL.format(call=call, whole=literal(_first_url(service))),
        _ASKS.format(call=call, agent=agent, accept=accept, timeout=service.wishes.timeout),
        _CLOSED.format(call=call),
    ]
    parts += [_credential_test(one, call) for one in service.sent_credentials]
    return "".join(parts) + _segment_test(service)


def _first_url(service: Service) -> str:
    """What the first operation asks for with what it must be given and no more."""
    _, _, path = samples.sent(service.operations[0], service, only_required=True).partition(" ")
    return str(httpx.URL(service.base_url)).rstrip("/") + path


def _credential_test(one: Credential, call: str) -> str:
    values = [f"example-{at}" for at, _ in enumerate(one.variables)]
    place = f"request.headers[{literal(one.field)}]"
    shown = {
        "bearer": 'request.headers["Authorization"] == "Bearer example-0"',
        "basic": (
            'request.headers["Authorization"] == f"Basic {base64.b64encode(b"example-0:example-1").decode()}"'.replace(
                'b"example-0:example-1"', "b'example-0:example-1'"
            )
        ),
        "header": f'{place} == "example-0"',
        "query": f'request.url.params[{literal(one.field)}] == "example-0"',
    }[one.kind]
    missing = {
        "header": f"assert {literal(one.field)} not in first.headers",
        "query": f"assert {literal(one.field)} not in first.url.params",
    }.get(one.kind, 'assert "Authorization" not in first.headers')
    lines = ["upstream = Upstream(httpx.Response(500))"]
    asks = ["with contextlib.suppress(UpstreamError):", f"    call(upstream, {call})"]
    sets = [
        f"monkeypatch.setenv({quoted(name)}, {quoted(value)})"
        for name, value in zip(one.variables, values, strict=True)
    ]
    lines += [*sets[:-1], *asks, sets[-1], *asks, "first, request = upstream.requests", missing, f"assert {shown}"]
    body = "".join(f"    {line}\n" for line in lines)
    name = one.variables[0].lower()
    return f"\n\ndef test_{name}_is_sent_once_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:\n{body}"


def _segment_test(service: Service) -> str:
    for operation in service.operations:
        if any(one.type == Scalar("str") for one in operation.at("path")):
            return _ELSEWHERE.format(function=operation.function, arguments=_with_segment(operation))
    return ""


def _with_segment(operation: Operation) -> str:
    """The arguments of a sample call with `segment` for each text in the path."""
    made = samples.arguments(operation, only_required=True)
    for one in operation.at("path"):
        made = made.replace(quoted(samples.odd_segment(one)), "segment")
    return made
