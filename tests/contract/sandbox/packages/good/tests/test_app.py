import asyncio

import httpx

from colour_names_integration.app import app, client
from colour_names_integration.client import Client


def upstream(request: httpx.Request) -> httpx.Response:
    assert "Authorization" in request.headers
    if request.url.path == "/v1/colours/teal":
        return httpx.Response(200, json={"name": "teal", "hexValue": "#008080"})
    return httpx.Response(404 if request.url.path == "/v1/colours/none" else 500)


def call(path: str) -> httpx.Response:
    app.dependency_overrides[client] = lambda: Client(httpx.MockTransport(upstream))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return await http.get(path)

    return asyncio.run(ask())


def test_health() -> None:
    assert call("/health").json() == {"status": "ok", "name": "colour-names", "version": "1.0.0"}


def test_a_colour() -> None:
    answer = call("/colours/teal")
    assert answer.status_code == 200
    assert answer.json() == {"name": "teal", "hexValue": "#008080"}


def test_an_unknown_colour_is_404() -> None:
    assert call("/colours/none").status_code == 404


def test_an_upstream_error_is_502() -> None:
    answer = call("/colours/broken")
    assert answer.status_code == 502
    assert set(answer.json()) == {"detail"}
