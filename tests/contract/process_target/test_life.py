"""The life of a deployment: started, switched to, killed, brought back, stopped."""

import asyncio
import signal

import httpx
import pytest

from domain.errors import NotFound
from domain.ports import Restarts
from tests.contract.process_target.conftest import NAME, World, built, eventually


async def test_started_healthy_switched_and_reached_by_the_stable_url(world: World) -> None:
    version = built(hosts=[world.upstream.host])
    started = await world.start(version)
    assert started.state in {"starting", "running"}
    assert not started.live
    status = await world.healthy(version.spec.id)
    assert status.url == f"{world.runner.url}/d/{version.spec.id}"
    assert (await world.http.get(f"{status.url}/health")).json()["version"] == "1.0.0"

    assert (await world.http.get(f"{world.runner.url}/i/{NAME}/health")).status_code == 404
    url = await world.target.switch(NAME, version.spec.id)
    assert await world.target.live(NAME) == version.spec.id
    status = await world.target.status(version.spec.id)
    assert (status.live, status.url, status.name, status.version) == (True, url, NAME, "1.0.0")

    answer = await world.http.get(f"{url}/widgets/7")
    assert answer.json() == {"upstream_status": 200, "upstream": {"widget": "blue"}}
    ((method, path, headers, _),) = world.upstream.seen
    assert (method, path) == ("GET", "/v1/widgets/7")
    assert headers["host"] == world.upstream.host
    assert headers["authorization"].startswith("Bearer ")


async def test_a_killed_app_is_started_again(world: World) -> None:
    version = built()
    url = await world.up(version)
    try:
        assert (await world.http.get(f"{url}/die")).status_code in {502, 503}
    except httpx.TransportError as error:
        raise AssertionError("the gateway broke off") from error
    status = await eventually(
        lambda: world.target.status(version.spec.id), lambda status: status.restarts == 1 and status.healthy
    )
    assert status.state == "running"
    assert (await world.http.get(f"{url}/health")).status_code == 200
    lines = await world.target.logs(version.spec.id, limit=100)
    assert any(line.stream == "runner" and "killed by signal 9" in line.text for line in lines)


async def test_told_to_a_process_is_ended_and_started_again(world: World) -> None:
    version = built()
    url = await world.up(version)
    assert isinstance(world.target, Restarts)
    before = set(world.runner.inside())
    await world.target.restart(version.spec.id)
    await eventually(
        lambda: world.target.status(version.spec.id), lambda status: status.restarts == 1 and status.healthy
    )
    assert not before & set(world.runner.inside())
    assert (await world.http.get(f"{url}/health")).status_code == 200
    assert (await world.target.traffic(version.spec.id, seconds=60)).requests == 0, "health checks are no traffic"
    with pytest.raises(NotFound):
        await world.target.restart("dep_" + "0" * 32)


async def test_a_killed_runner_takes_its_children_with_it_and_brings_them_back(world: World) -> None:
    version = built(hosts=[world.upstream.host])
    url = await world.up(version)
    assert len(world.runner.inside()) >= 2
    await world.runner.end(signal.SIGKILL)
    await world.runner.start()
    status = await world.healthy(version.spec.id)
    assert status.live
    assert (await world.http.get(f"{url}/widgets/7")).json()["upstream_status"] == 200


async def test_a_runner_that_ends_in_good_order_leaves_nothing_and_brings_all_back(world: World) -> None:
    version = built()
    url = await world.up(version)
    await world.runner.end(signal.SIGTERM)
    await world.runner.start()
    await world.healthy(version.spec.id)
    assert (await world.http.get(f"{url}/health")).status_code == 200


async def test_stop_leaves_the_log_alone(world: World) -> None:
    version = built()
    await world.up(version)
    before = len(world.runner.inside())
    await world.target.stop(version.spec.id)
    status = await world.target.status(version.spec.id)
    assert (status.state, status.healthy, status.live) == ("absent", False, False)
    assert await world.target.live(NAME) is None
    assert (await world.http.get(f"{world.runner.url}/i/{NAME}/health")).status_code == 404
    assert len(world.runner.inside()) < before
    folder = world.runner.folder / "deployments" / version.spec.id
    assert [path.name for path in folder.iterdir()] == ["logs"]
    assert await world.target.logs(version.spec.id, limit=10)


async def test_repeating_start_switch_and_stop_changes_nothing(world: World) -> None:
    version = built()
    statuses = await asyncio.gather(*(world.start(version) for _ in range(3)))
    assert {status.id for status in statuses} == {version.spec.id}
    await world.healthy(version.spec.id)
    processes = {process.pid for process in world.runner.inside()}
    again = await world.start(version)
    assert (again.restarts, again.state) == (0, "running")
    assert {process.pid for process in world.runner.inside()} == processes
    urls = {await world.target.switch(NAME, version.spec.id) for _ in range(3)}
    assert len(urls) == 1
    for _ in range(2):
        assert await world.target.switch(NAME, None) in urls
        assert await world.target.live(NAME) is None
    for _ in range(2):
        await world.target.stop(version.spec.id)


async def test_other_secrets_start_it_anew_with_them(world: World) -> None:
    version = built(hosts=[world.upstream.host])
    url = await world.up(version)
    await world.start(version, token="another-t0ken")
    await world.healthy(version.spec.id)
    assert (await world.http.get(f"{url}/widgets/7")).status_code == 200
    assert world.upstream.seen[0][2]["authorization"] == "Bearer another-t0ken"


async def test_switching_between_versions_under_load_loses_no_request(world: World) -> None:
    first, second = built(version="1.0.0"), built(version="2.0.0")
    url = await world.up(first)
    await world.start(second)
    await world.healthy(second.spec.id)
    answers: list[tuple[int, str]] = []
    going = True

    async def ask() -> None:
        while going:
            answer = await world.http.get(f"{url}/slow", params={"seconds": 0.02})
            answers.append((answer.status_code, answer.json().get("version", "")))

    askers = [asyncio.create_task(ask()) for _ in range(8)]

    async def count() -> int:
        return len(answers)

    for target in (second, first, second):
        enough = len(answers) + 60
        await eventually(count, lambda seen, enough=enough: seen >= enough)  # type: ignore[misc]
        await world.target.switch(NAME, target.spec.id)
    await world.target.stop(first.spec.id)
    enough = len(answers) + 60
    await eventually(count, lambda seen: seen >= enough)
    going = False
    await asyncio.gather(*askers)
    assert len(answers) >= 240
    assert {status for status, _ in answers} == {200}
    assert {version for _, version in answers} == {"1.0.0", "2.0.0"}
    assert answers[-1][1] == "2.0.0"


async def test_a_request_under_way_ends_on_the_version_where_it_began(world: World) -> None:
    first, second = built(version="1.0.0"), built(version="2.0.0")
    url = await world.up(first)
    await world.start(second)
    await world.healthy(second.spec.id)
    slow = asyncio.create_task(world.http.get(f"{url}/slow", params={"seconds": 1.5}))
    quick = await world.http.get(f"{url}/slow", params={"seconds": 0.3})
    assert quick.json() == {"version": "1.0.0"}
    await world.target.switch(NAME, second.spec.id)
    await world.target.stop(first.spec.id)
    assert slow.done()
    assert (await slow).json() == {"version": "1.0.0"}


async def test_the_log_is_followed_as_it_grows(world: World) -> None:
    version = built()
    url = await world.up(version)
    said = asyncio.Event()

    async def follow() -> list[str]:
        found = []
        async for line in world.target.follow(version.spec.id):
            found.append(line.text)
            if line.text == "hello" and not said.is_set():
                said.set()
        return found

    following = asyncio.create_task(follow())

    async def say() -> bool:
        await world.http.get(f"{url}/say", params={"text": "hello"})
        return said.is_set()

    await eventually(say, bool)
    await world.target.stop(version.spec.id)
    lines = await following
    assert lines.index("hello") > 0
    assert lines[-1] == "stopped"
