"""The gateway passes requests and answers on as they are, in both directions, as they come."""

import asyncio

import pytest

from tests.contract.process_target.conftest import NAME, World, built, eventually


async def test_method_path_query_headers_and_body_arrive_as_sent(world: World) -> None:
    url = await world.up(built())
    answer = await world.http.post(
        f"{url}/echo/a%2Fb/%7Bc%7D?x=1%262&x=3",
        content=b"z" * 2_000_000,
        headers={"X-Mine": "1", "X-Forwarded-Prefix": "/forged", "Connection": "close, x-mine-too", "X-Mine-Too": "2"},
    )
    echoed = answer.json()
    assert (echoed["method"], echoed["path"], echoed["query"]) == ("POST", "/echo/a%2Fb/%7Bc%7D", "x=1%262&x=3")
    assert echoed["bytes"] == 2_000_000
    headers = echoed["headers"]
    assert headers["x-mine"] == "1"
    assert "x-mine-too" not in headers
    assert headers["x-forwarded-prefix"] == f"/i/{NAME}"
    assert headers["x-forwarded-host"] == f"127.0.0.1:{world.runner.port}"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["content-length"] == "2000000"


async def test_a_request_without_a_body_gets_none(world: World) -> None:
    url = await world.up(built())
    headers = (await world.http.get(f"{url}/echo/x")).json()["headers"]
    assert "content-length" not in headers
    assert "transfer-encoding" not in headers


async def test_an_answer_is_streamed(world: World) -> None:
    url = await world.up(built())
    chunks = []
    async with world.http.stream("GET", f"{url}/stream") as answer:
        assert answer.headers["x-version"] == "1.0.0"
        assert answer.headers.get_list("date") == [answer.headers["date"]]
        chunks = [chunk async for chunk in answer.aiter_raw()]
    assert b"".join(chunks) == b"0\n1\n2\n3\n4\n"
    assert len(chunks) >= 3


@pytest.mark.parametrize("size", [0, 100_000])
async def test_a_client_that_goes_away_is_let_go(world: World, size: int) -> None:
    version = built()
    url = await world.up(version)
    asking = asyncio.create_task(world.http.post(f"{url}/slow", params={"seconds": 60}, content=b"x" * size))
    await eventually(
        lambda: world.target.logs(version.spec.id, limit=100),
        lambda lines: f"slow begins with {size}" in [line.text for line in lines],
    )
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    async with asyncio.timeout(20):  # less than the runner would wait for a request under way
        await world.target.stop(version.spec.id)


async def test_unknown_names_and_deployments(world: World) -> None:
    for path in ("/i/nothing/health", "/i/nothing", "/d/dep_nothing/health"):
        answer = await world.http.get(f"{world.runner.url}{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await world.http.get(f"{world.runner.url}/nowhere")).headers["content-type"] == "application/problem+json"


async def test_while_it_is_down_the_caller_is_told_when_to_come_back(world: World) -> None:
    version = built()
    url = await world.up(version)
    await world.http.get(f"{url}/die")
    # A request that meets the process while it dies has been delivered, and gets 502.
    answer = await eventually(lambda: world.http.get(f"{url}/health"), lambda answer: answer.status_code != 502)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    await eventually(lambda: world.http.get(f"{url}/health"), lambda answer: answer.status_code == 200)
