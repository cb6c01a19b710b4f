"""Writes `tests/test_client.py`."""

from simulators.claude.brain import samples
from simulators.claude.brain.operations import Operation, Service
from simulators.claude.brain.types import Ref, Scalar, data, literal, quoted, spelled, used
from simulators.claude.brain.writing import imported

_UPSTREAM = '''
T = TypeVar("T")
UPSTREAM = "http://upstream.test/base"


class Upstream:
    """Stands in for the API: keeps every request and gives one answer, or fails."""

    def __init__(self, answer: httpx.Response | httpx.RequestError) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, httpx.RequestError):
            raise self.answer
        return self.answer


def call(
    upstream: Upstream, use: Callable[[Client], Awaitable[T]], base_url: str | None = UPSTREAM
) -> T:
    """Use a client of the stand-in."""

    async def run() -> T:
        async with Client(base_url=base_url, transport=httpx.MockTransport(upstream)) as client:
            return await use(client)

    return asyncio.run(run())
'''
_FAILURES = """

@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("status", [302, 400, 404, 500])
def test_an_answer_without_success_is_an_error_with_its_status(name: str, status: int) -> None:
    with pytest.raises(UpstreamError) as caught:
        call(Upstream(httpx.Response(status)), CALLS[name])
    assert caught.value.status == status


@pytest.mark.parametrize("name", CALLS)
def test_a_failed_connection_is_an_error_without_a_status(name: str) -> None:
    with pytest.raises(UpstreamError, match="ConnectError") as caught:
        call(Upstream(httpx.ConnectError("refused")), CALLS[name])
    assert caught.value.status is None
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


def _client_test(service: Service, operation: Operation) -> str:
    lines = samples.answer_lines(service, operation)
    lines.append(f"upstream = Upstream({samples.response(service, operation)})")
    start = "result = " if _result_check(operation) else ""
    lines.append(f"{start}call(upstream, lambda api: api.{operation.function}({samples.arguments(operation)}))")
    lines.append("[request] = upstream.requests")
    lines.append(f"assert request.method == {quoted(operation.method)}")
    path = literal(samples.raw_path(operation).decode("ascii"))
    lines.append(f'assert request.url.raw_path.partition(b"?")[0].decode() == {path}')
    if pairs := samples.query(operation):
        listed = ", ".join(f"({literal(name)}, {literal(value)})" for name, value in pairs)
        lines.append(f"assert set(request.url.params.multi_items()) >= {{{listed}}}")
    lines += [f"assert request.headers[{literal(n)}] == {literal(v)}" for n, v in samples.headers(operation)]
    lines += [f"assert request.headers[{literal(n)}] == {literal(v)}" for n, v in service.wishes.headers]
    if operation.body_kind == "json":
        lines.append(f"assert json.loads(request.content) == {data(samples.body(service, operation))}")
    elif operation.body_kind == "form":
        lines.append('assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"')
    elif operation.body_kind == "raw":
        lines.append('assert request.content == b"bytes"')
    lines += _result_check(operation)
    body = "\n".join(f"    {line}" for line in lines)
    return f"\n\ndef test_{operation.function}() -> None:\n{body}\n"


def _settings_tests(service: Service) -> str:
    first = f"CALLS[{quoted(service.operations[0].function)}]"
    start = f"    with contextlib.suppress(UpstreamError):\n        call(upstream, {first}"
    text = (
        "\n\ndef test_the_base_url_is_the_manifests_unless_the_environment_says_otherwise(\n"
        "    monkeypatch: pytest.MonkeyPatch,\n) -> None:\n"
        '    monkeypatch.delenv("BASE_URL", raising=False)\n'
        "    upstream = Upstream(httpx.Response(500))\n"
        f"{start}, base_url=None)\n"
        "    assert str(upstream.requests[0].url).startswith(BASE_URL)\n"
        '    monkeypatch.setenv("BASE_URL", UPSTREAM)\n'
        f"{start}, base_url=None)\n"
        "    assert str(upstream.requests[1].url).startswith(UPSTREAM)\n"
    )
    for one in service.credentials:
        values = [f"example-{at}" for at, _ in enumerate(one.variables)]
        shown = {
            "bearer": 'request.headers["Authorization"] == "Bearer example-0"',
            "basic": 'request.headers["Authorization"].startswith("Basic ")',
            "header": f'request.headers[{literal(one.field)}] == "example-0"',
            "query": f'request.url.params[{literal(one.field)}] == "example-0"',
        }[one.kind]
        if (
            one.kind in ("bearer", "basic")
            and next(c for c in service.credentials if c.kind in ("bearer", "basic")) != one
        ):
            continue
        sets = "".join(
            f"    monkeypatch.setenv({quoted(name)}, {quoted(value)})\n"
            for name, value in zip(one.variables, values, strict=True)
        )
        text += (
            f"\n\ndef test_{one.variables[0].lower()}_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:\n{sets}"
            "    upstream = Upstream(httpx.Response(500))\n"
            f"{start})\n    [request] = upstream.requests\n    assert {shown}\n"
        )
    return text + _segment_test(service)


def _segment_test(service: Service) -> str:
    for operation in service.operations:
        if any(one.type == Scalar("str") for one in operation.at("path")):
            arguments = samples.arguments(operation, only_required=True).replace(quoted(samples.ODD_SEGMENT), '".."')
            return (
                "\n\ndef test_a_path_that_would_lead_elsewhere_is_not_asked_for() -> None:\n"
                "    upstream = Upstream(httpx.Response(200))\n"
                "    with pytest.raises(UpstreamError) as caught:\n"
                f"        call(upstream, lambda api: api.{operation.function}({arguments}))\n"
                "    assert caught.value.status == 404\n    assert upstream.requests == []\n"
            )
    return ""


def client_tests(service: Service) -> str:
    """The module that tests the client."""
    tests = "".join(_client_test(service, one) for one in service.operations)
    bodies = [
        line
        for one in service.operations
        if one.body is not None
        for line in samples.built(one.body, samples.body(service, one), samples.body_name(one))
    ]
    calls = ", ".join(
        f"{quoted(one.function)}: lambda api: api.{one.function}({samples.arguments(one, only_required=True)})"
        for one in service.operations
    )
    after = "\n".join(bodies) + f"\n\nCALLS: dict[str, Callable[[Client], Awaitable[object]]] = {{{calls}}}\n"
    text = _UPSTREAM + "\n\n" + after + tests + _FAILURES + _settings_tests(service)
    models = {name for one in service.operations for type_ in (one.body, one.answer) if type_ for name in used(type_)}
    models = {name for name in models - {"JsonValue", "Literal"} if _mentions(text, name)}
    pydantic = [name for name in ("JsonValue", "TypeAdapter") if _mentions(text, name)]
    head = [
        '"""What the client sends, what it makes of the answer, and how it fails. No network."""\n',
        "import asyncio\nimport contextlib" + ("\nimport json" if "json.loads" in text else ""),
        "from collections.abc import Awaitable, Callable\nfrom typing import TypeVar\n\nimport httpx\nimport pytest",
        imported("pydantic", pydantic),
        "\n" + imported(f"{service.package}.client", ["BASE_URL", "Client", "UpstreamError"]),
        imported(f"{service.package}.models", sorted(models)),
    ]
    return "\n".join(line for line in head if line) + "\n" + text


def _mentions(text: str, name: str) -> bool:
    return any(f"{before}{name}{after}" in text for before in " [(" for after in "[](),. \n")
