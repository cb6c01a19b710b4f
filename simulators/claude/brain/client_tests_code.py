"""Writes `tests/test_client.py`."""

from simulators.claude.brain import samples
from simulators.claude.brain.client_settings_tests import settings_tests
from simulators.claude.brain.operations import Operation, Service
from simulators.claude.brain.types import Ref, data, entry, literal, quoted, spelled, used
from simulators.claude.brain.writing import imported

_CALL = '''
T = TypeVar("T")


def call(
    upstream: Upstream, use: Callable[[Client], Awaitable[T]], base_url: str | None = UPSTREAM
) -> T:
    """Use a client of the stand-in."""

    async def run() -> T:
        async with Client(base_url=base_url, transport=upstream) as client:
            return await use(client)

    return asyncio.run(run())
'''
_FAILURES = """

@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("status", [302, 400, 404, 500])
def test_an_answer_without_success_is_an_error_with_its_status(name: str, status: int) -> None:
    upstream = Upstream(httpx.Response(status))
    with pytest.raises(UpstreamError) as caught:
        call(upstream, CALLS[name])
    assert upstream.sent == [SENT[name]]
    assert caught.value.status == status
    assert str(caught.value) == f"The API answered {upstream.requests[0].method} with {status}"


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError])
def test_a_failed_connection_is_an_error_without_a_status(
    name: str, kind: type[httpx.RequestError]
) -> None:
    with pytest.raises(UpstreamError) as caught:
        call(Upstream(kind("it broke")), CALLS[name])
    assert caught.value.status is None
    assert str(caught.value) == f"The API could not be reached: {kind.__name__}"
"""
_INVALID = """

@pytest.mark.parametrize("name", {names})
@pytest.mark.parametrize("body", [b"", b"<html>", b'{{"cut": '])
def test_an_answer_that_is_not_what_was_promised_is_an_error(name: str, body: bytes) -> None:
    with pytest.raises(UpstreamError, match="something else than it promises") as caught:
        call(Upstream(httpx.Response(200, content=body)), CALLS[name])
    assert caught.value.status is None
"""
_BOUNDS = """

def test_an_answer_is_read_up_to_a_bound() -> None:
    most = 8 * 1024 * 1024
    whole = Upstream(httpx.Response(200, content={whole}.ljust(most)))
    call(whole, CALLS[{name}])
    assert len(whole.requests) == 1
    with pytest.raises(UpstreamError, match="more than this service reads"):
        call(Upstream(httpx.Response(200, content=b" " * (most + 1))), CALLS[{name}])
"""


def _result_check(operation: Operation) -> list[str]:
    dump = "(mode='json', by_alias=True, exclude_unset=True)"
    match operation.answer_kind:
        case "none":
            return []
        case "text":
            return ['assert result == "text"']
        case "raw":
            return ['assert result == b"bytes"']
    if isinstance(operation.answer, Ref):
        return [f"assert result.model_dump{dump} == answer"]
    if operation.answer is not None and samples.needs_model(operation.answer):
        text = spelled(operation.answer)
        options = dump.strip("()")
        return [f"assert TypeAdapter[{text}]({text}).dump_python(result, {options}) == answer"]
    return ["assert result == answer"]


def body_checks(service: Service, operation: Operation) -> list[str]:
    """What must be true of `request`'s body."""
    match operation.body_kind:
        case "json":
            return [f"assert json.loads(request.content) == {data(samples.body(service, operation))}"]
        case "form":
            fields = ", ".join(
                f"({literal(name)}, {literal(value)})" for name, value in samples.form(samples.body(service, operation))
            )
            return [f"assert parse_qsl(request.content.decode(), keep_blank_values=True) == [{fields}]"]
        case "raw":
            return ['assert request.content == b"bytes"']
    return []


def header_checks(service: Service, operation: Operation) -> list[str]:
    """What must be true of `request`'s headers."""
    kind = [("Content-Type", operation.body_media)] if operation.body is not None else []
    pairs = [*samples.headers(operation), *kind, *service.wishes.headers]
    return [f"assert request.headers[{literal(name)}] == {literal(value)}" for name, value in pairs]


def _client_test(service: Service, operation: Operation) -> str:
    lines = samples.answer_lines(service, operation)
    lines.append(f"upstream = Upstream({samples.response(operation)})")
    checked = _result_check(operation)
    start = "result = " if checked else ""
    lines.append(f"{start}call(upstream, lambda api: api.{operation.function}({samples.arguments(operation)}))")
    lines.append(f"assert upstream.sent == [{literal(samples.sent(operation, service))}]")
    asked = [*header_checks(service, operation), *body_checks(service, operation)]
    lines += ["[request] = upstream.requests", *asked] if asked else []
    lines += checked
    body = "\n".join(f"    {line}" for line in lines)
    return f"\n\ndef test_{operation.function}() -> None:\n{body}\n"


def _tables(service: Service) -> str:
    """A call of each operation with what it must be given and no more, and what that call sends."""
    operations = service.operations
    bodies = [
        line
        for one in operations
        if one.body is not None
        for line in samples.built(one.body, samples.body(service, one), samples.body_name(one))
    ]
    calls = ", ".join(
        f"{quoted(one.function)}: lambda api: api.{one.function}({samples.arguments(one, only_required=True)})"
        for one in operations
    )
    sent = ", ".join(entry(one.function, samples.sent(one, service, only_required=True)) for one in operations)
    return "\n".join(
        [
            *bodies,
            f"\n\nCALLS: dict[str, Callable[[Client], Awaitable[object]]] = {{{calls}}}",
            f"SENT = {{{sent}}}\n",
        ]
    )


def _answers(service: Service) -> str:
    """Tests of answers that are not what they should be."""
    promised = [quoted(one.function) for one in service.operations if one.answer_kind == "json"]
    first = service.operations[0]
    whole = samples.bytes_of(samples.answer(service, first)) if first.answer_kind == "json" else 'b""'
    invalid = _INVALID.format(names=f"[{', '.join(promised)}]") if promised else ""
    return invalid + _BOUNDS.format(whole=whole, name=quoted(first.function))


def client_tests(service: Service) -> str:
    """The module that tests the client."""
    tests = "".join(_client_test(service, one) for one in service.operations)
    text = _CALL + "\n\n" + _tables(service) + tests + _FAILURES + _answers(service) + settings_tests(service)
    models = {name for one in service.operations for type_ in (one.body, one.answer) if type_ for name in used(type_)}
    models = {name for name in models - {"JsonValue", "Literal"} if _mentions(text, name)}
    pydantic = [name for name in ("JsonValue", "TypeAdapter") if _mentions(text, name)]
    standard = ["asyncio", *(name for name in ("base64", "contextlib", "json") if f"{name}." in text)]
    head = [
        '"""What the client sends, what it makes of the answer, and how it fails. No network."""\n',
        "\n".join(f"import {name}" for name in standard),
        "from collections.abc import Awaitable, Callable\nfrom typing import TypeVar",
        imported("urllib.parse", ["parse_qsl"] if "parse_qsl(" in text else []),
        "\nimport httpx\nimport pytest",
        imported("pydantic", pydantic),
        "\n" + imported(f"{service.package}.client", ["Client", "UpstreamError"]),
        imported(f"{service.package}.models", sorted(models)),
        imported("tests.upstream", ["UPSTREAM", "Upstream"]),
    ]
    return "\n".join(line for line in head if line) + "\n" + text


def _mentions(text: str, name: str) -> bool:
    return any(f"{before}{name}{after}" in text for before in " [(" for after in "[](),. \n")
