"""Writes `tests/test_app.py`."""

from simulators.claude.brain import samples
from simulators.claude.brain.app_code import default_of, handlers
from simulators.claude.brain.operations import Operation, Service
from simulators.claude.brain.types import literal, quoted

_APP_HEAD = '''
Answer = httpx.Response | httpx.RequestError


def ask(
    answer: Answer,
    method: str,
    path: str,
    *,
    params: Mapping[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
    json: JsonValue = None,
    content: bytes | None = None,
) -> httpx.Response:
    """Ask the application, with an API that gives one answer, or fails."""

    def upstream(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, httpx.RequestError):
            raise answer
        return answer

    async def run() -> httpx.Response:
        client = Client(base_url="http://upstream.test", transport=httpx.MockTransport(upstream))
        served = httpx.ASGITransport(app=create_app(client))
        async with client, httpx.AsyncClient(transport=served, base_url="http://app.test") as api:
            return await api.request(
                method, path, params=params, headers=headers, json=json, content=content
            )

    return asyncio.run(run())


def test_health_answers_without_calling_out() -> None:
    response = ask(httpx.ConnectError("refused"), "GET", "/health")
    assert response.status_code == 200
    assert response.json() == {"status": HEALTHY, "name": NAME, "version": VERSION}
'''
_APP_FAILURES = """

FAILURES: list[tuple[Answer, int]] = [
    (httpx.Response(404), 404),
    (httpx.Response(401), 502),
    (httpx.Response(500), 502),
    (httpx.ConnectError("refused"), 502),
]


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize(("failure", "status"), FAILURES)
def test_a_failure_of_the_api_is_told(name: str, failure: Answer, status: int) -> None:
    response = ROUTES[name](failure)
    assert response.status_code == status
    assert isinstance(response.json()["detail"], str)
"""


def _app_test(service: Service, operation: Operation, name: str) -> str:
    lines = samples.answer_lines(service, operation)
    lines.append(f"response = {samples.request(operation, service, samples.response(service, operation))}")
    status = (
        204 if operation.answer_kind == "none" else operation.answer_status if operation.answer_kind == "json" else 200
    )
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


def app_tests(service: Service, healthy: str = "ok") -> str:
    """The module that tests the application. `healthy` other than `ok` is a simulated mistake."""
    names = handlers(service)
    tests = "".join(_app_test(service, one, names[one.capability]) for one in service.operations)
    routes = ", ".join(
        f"{quoted(one.capability)}: lambda answer: {samples.request(one, service, 'answer')}"
        for one in service.operations
    )
    table = f"\n\nROUTES: dict[str, Callable[[Answer], httpx.Response]] = {{{routes}}}\n"
    title = ""
    if service.wishes.title:
        title = (
            "\n\ndef test_the_title_is_the_one_asked_for() -> None:\n"
            f'    document = ask(httpx.Response(200), "GET", "/openapi.json").json()\n'
            f'    assert document["info"]["title"] == {literal(service.wishes.title)}\n'
        )
    defaults = [
        (one.public, default_of(service, one))
        for operation in service.operations
        for one in operation.parameters
        if default_of(service, one) is not None
    ]
    if defaults:
        wanted, value = defaults[0]
        title += (
            "\n\ndef test_a_default_is_the_one_asked_for() -> None:\n"
            '    document = ask(httpx.Response(200), "GET", "/openapi.json").json()\n'
            '    operations = [one for path in document["paths"].values() for one in path.values()]\n'
            '    parameters = [one for each in operations for one in each.get("parameters", [])]\n'
            f'    found = [one for one in parameters if one["name"] == {quoted(wanted)}]\n'
            f'    assert any(one["schema"].get("default") == {value} for one in found)\n'
        )
    return (
        '"""Every route and every kind of failure, without a network."""\n\n'
        "import asyncio\nfrom collections.abc import Callable, Mapping\n\nimport httpx\nimport pytest\n"
        "from pydantic import JsonValue\n\n"
        f"from {service.package}.app import NAME, VERSION, create_app\n"
        f"from {service.package}.client import Client\n\nHEALTHY = {quoted(healthy)}\n"
        + _APP_HEAD
        + table
        + tests
        + _APP_FAILURES
        + title
    )
