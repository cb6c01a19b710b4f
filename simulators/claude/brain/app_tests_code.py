"""Writes `tests/test_app.py`."""

from simulators.claude.brain import samples
from simulators.claude.brain.app_code import default_of, handlers
from simulators.claude.brain.client_tests_code import body_checks, header_checks
from simulators.claude.brain.operations import Operation, Service
from simulators.claude.brain.types import entry, literal, quoted
from simulators.claude.brain.writing import docstring, imported

_HEAD = '''
def ask(
    upstream: Upstream,
    method: str,
    path: str,
    *,
    params: Mapping[str, list[str]] | None = None,
    headers: list[tuple[str, str]] | None = None,
    json: JsonValue = None,
    content: bytes | None = None,
) -> httpx.Response:
    """Ask the application, with a stand-in for the API behind it."""

    async def run() -> httpx.Response:
        client = Client(base_url=UPSTREAM, transport=upstream)
        served = httpx.ASGITransport(app=create_app(client))
        async with client, httpx.AsyncClient(transport=served, base_url="http://app.test") as api:
            return await api.request(
                method, path, params=params, headers=headers, json=json, content=content
            )

    return asyncio.run(run())


def test_health_answers_without_calling_out() -> None:
    upstream = Upstream(httpx.ConnectError("refused"))
    response = ask(upstream, "GET", "/health")
    assert response.status_code == 200
    assert response.json() == {"status": HEALTHY, "name": NAME, "version": VERSION}
    assert upstream.requests == []
'''
_FAILURES = """

@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize(("status", "told"), [(404, 404), (400, 502), (401, 502), (500, 502)])
def test_a_failure_of_the_api_is_told(name: str, status: int, told: int) -> None:
    upstream = Upstream(httpx.Response(status))
    response = ROUTES[name](upstream)
    method = upstream.requests[0].method
    assert response.status_code == told
    assert response.json() == {"detail": f"The API answered {method} with {status}"}


@pytest.mark.parametrize("name", ROUTES)
def test_an_api_that_does_not_answer_is_told(name: str) -> None:
    response = ROUTES[name](Upstream(httpx.ConnectTimeout("too slow")))
    assert response.status_code == 502
    assert response.json() == {"detail": "The API could not be reached: ConnectTimeout"}


def test_every_route_is_documented() -> None:
    document = ask(Upstream(httpx.Response(500)), "GET", "/openapi.json").json()
    assert document["info"] == {"title": TITLE, "version": VERSION}
    found = {
        f"{method.upper()} {path}": " ".join(operation["description"].split())
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert found == DOCUMENTED


def test_the_application_closes_its_client_at_its_end() -> None:
    upstream = Upstream(httpx.Response(500))

    async def run() -> None:
        application = create_app(Client(base_url=UPSTREAM, transport=upstream))
        async with application.router.lifespan_context(application):
            assert not upstream.closed

    asyncio.run(run())
    assert upstream.closed
"""

_BOUND = """

@pytest.mark.parametrize(("more", "passes"), [(0, True), (1, False)])
def test_bytes_are_taken_up_to_a_bound(more: int, passes: bool) -> None:
    sent = b"x" * (8 * 1024 * 1024 + more)
{lines}    upstream = Upstream({response})
    response = {asked}
    assert (response.status_code == 413) is not passes
    assert [len(request.content) for request in upstream.requests] == [len(sent)] * passes
"""


def _app_test(service: Service, operation: Operation, name: str) -> str:
    lines = samples.answer_lines(service, operation)
    lines.append(f"upstream = Upstream({samples.response(operation)})")
    lines.append(f"response = {samples.request(operation, service, 'upstream')}")
    status = (
        204 if operation.answer_kind == "none" else operation.answer_status if operation.answer_kind == "json" else 200
    )
    lines.append(f"assert upstream.sent == [{literal(samples.sent(operation, service, odd=False))}]")
    asked = [*header_checks(service, operation), *body_checks(service, operation)]
    lines += ["[request] = upstream.requests", *asked] if asked else []
    lines.append(f"assert response.status_code == {status}")
    checks = {
        "json": "response.json() == answer",
        "text": 'response.text == "text"',
        "raw": 'response.content == b"bytes"',
    }
    if operation.answer_kind in checks:
        lines.append(f"assert {checks[operation.answer_kind]}")
    body = "\n".join(f"    {line}" for line in lines)
    return f"\n\ndef test_{name}() -> None:\n{body}\n"


def _bound_test(service: Service) -> str:
    """That bytes are taken up to a bound, where some are."""
    raw = next((one for one in service.operations if one.body_kind == "raw"), None)
    if raw is None:
        return ""
    asked = samples.request(raw, service, "upstream").replace('content=b"bytes"', "content=sent")
    return _BOUND.format(
        response=samples.response(raw), lines=_indented(samples.answer_lines(service, raw)), asked=asked
    )


def _indented(lines: list[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)


def _default_test(service: Service) -> str:
    """That a default somebody asked for is the one that is used."""
    found = [
        (one.public, value)
        for operation in service.operations
        for one in operation.parameters
        if (value := default_of(service, one)) is not None
    ]
    if not found:
        return ""
    wanted, value = found[0]
    return (
        "\n\ndef test_a_default_is_the_one_asked_for() -> None:\n"
        '    document = ask(Upstream(httpx.Response(200)), "GET", "/openapi.json").json()\n'
        '    operations = [one for path in document["paths"].values() for one in path.values()]\n'
        '    parameters = [one for each in operations for one in each.get("parameters", [])]\n'
        f'    found = [one for one in parameters if one["name"] == {quoted(wanted)}]\n'
        f'    assert any(one["schema"].get("default") == {value} for one in found)\n'
    )


def app_tests(service: Service, healthy: str = "ok") -> str:
    """The module that tests the application. `healthy` other than `ok` is a simulated mistake."""
    names = handlers(service)
    tests = "".join(_app_test(service, one, names[one.capability]) for one in service.operations)
    routes = ", ".join(
        f"{quoted(one.capability)}: lambda upstream: {samples.request(one, service, 'upstream')}"
        for one in service.operations
    )
    table = f"\n\nROUTES: dict[str, Callable[[Upstream], httpx.Response]] = {{{routes}}}\n"
    documented = {"GET /health": "Say that the process answers; nothing is called."}
    # By its words: where a docstring is broken into lines does not matter.
    documented |= {
        f"{one.route_method.upper()} {one.route}": " ".join(docstring(one.description, 4).strip(' "').split())
        for one in service.operations
    }
    described = ", ".join(entry(place, text) for place, text in documented.items())
    text = (
        _HEAD
        + table
        + tests
        + f"\n\nDOCUMENTED = {{{described}}}\n"
        + _FAILURES
        + _bound_test(service)
        + _default_test(service)
    )
    settings = [
        f"NAME = {literal(service.name)}",
        f"TITLE = {literal(service.wishes.title or service.name)}",
        f"VERSION = {literal(service.version)}",
        f"HEALTHY = {quoted(healthy)}",
    ]
    return "\n".join(
        line
        for line in (
            '"""Every route and every kind of failure, without a network."""\n',
            "import asyncio" + ("\nimport json" if "json.loads(" in text else ""),
            "from collections.abc import Callable, Mapping",
            imported("urllib.parse", ["parse_qsl"] if "parse_qsl(" in text else []),
            "\nimport httpx\nimport pytest",
            "from pydantic import JsonValue\n",
            imported(f"{service.package}.app", ["create_app"]),
            imported(f"{service.package}.client", ["Client"]),
            imported("tests.upstream", ["UPSTREAM", "Upstream"]),
            "",
            *settings,
            text,
        )
        if line
    )
