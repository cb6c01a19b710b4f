"""The pieces that the written tests share: the stand-in for the API, and a clean environment."""

from simulators.claude.brain.operations import Service
from simulators.claude.brain.types import quoted

UPSTREAM = "http://upstream.test/base"
_UPSTREAM_CODE = '''"""A stand-in for the API: no test needs a network."""

import httpx

UPSTREAM = "http://upstream.test/base"
Answer = httpx.Response | httpx.RequestError


class Upstream(httpx.AsyncBaseTransport):
    """Keeps every request and gives one answer, or fails."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        if isinstance(self.answer, httpx.RequestError):
            raise self.answer
        return self.answer

    async def aclose(self) -> None:
        self.closed = True

    @property
    def sent(self) -> list[str]:
        """Each request's method, and its path and query below the base URL."""
        urls = [(one.method, one.url.raw_path.decode()) for one in self.requests]
        return [f"{method} {path.removeprefix('/base')}" for method, path in urls]
'''


def upstream_code() -> str:
    """`tests/upstream.py`."""
    return _UPSTREAM_CODE


def conftest(service: Service) -> str:
    """`tests/conftest.py`: what is set on the machine at hand does not reach the tests."""
    names = ["BASE_URL", *(name for one in service.credentials for name in one.variables)]
    return (
        '"""What is set where the tests run does not reach them."""\n\nimport pytest\n\n'
        f"SETTINGS = [{', '.join(map(quoted, dict.fromkeys(names)))}]\n\n\n"
        "@pytest.fixture(autouse=True)\n"
        "def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:\n"
        "    for name in SETTINGS:\n"
        "        monkeypatch.delenv(name, raising=False)\n"
    )


def models_tests(service: Service) -> str:
    """`tests/test_models.py`."""
    return (
        '"""Models are lenient: services say more than their documents do."""\n\n'
        f"from {service.package}.models import Model\n\n\n"
        "class Named(Model):\n    name: str\n\n\n"
        "def test_what_is_unknown_is_kept() -> None:\n"
        '    said = {"name": "one", "more": {"deep": [1]}}\n'
        '    assert Named.model_validate(said).model_dump(mode="json") == said\n\n\n'
        "def test_a_number_is_taken_for_a_text() -> None:\n"
        '    assert Named.model_validate({"name": 7}).name == "7"\n'
    )
