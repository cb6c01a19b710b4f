"""What every target promises, asked of each."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from domain.errors import CcbError, Conflict, InvalidInput, NotFound, VerdictInvalid
from domain.vendors import Notice
from tests.contract.targets.worlds import NAME, TOKEN, World, version

DEPRECATED = datetime(2027, 1, 1, tzinfo=UTC)
SUNSET = datetime(2027, 6, 30, 23, 59, 59, tzinfo=UTC)
NOTICE = Notice(deprecated_at=DEPRECATED, sunset_at=SUNSET, link="https://example.com/ends")


async def test_the_life_of_two_versions(world: World) -> None:
    """Start, switch, split, switch, stop: callers see each, and in the end nothing is left."""
    target, front = world.target, world.front
    old, new = version("1.0.0"), version("2.0.0")
    assert (await target.status(old.id)).state == "absent"
    assert await world.asked() in (["HTTP 404"], ["HTTP 502"]), "there may be no front yet"

    status = await world.start(old)
    assert (status.state, status.healthy, status.live, status.version) == ("running", True, False, "1.0.0")
    assert status.url == f"{front}/d/{old.id}"
    assert (await world.http.get(f"{status.url}/v1")).json()["deployment"] == old.id
    assert world.beats

    assert await target.switch(NAME, old.id) == f"{front}/i/{NAME}"
    assert await target.live(NAME) == old.id
    assert (await target.status(old.id)).url == f"{front}/i/{NAME}"
    assert (await target.status(old.id)).live
    assert await world.asked() == [old.id]
    answer = await world.http.get(f"{front}/i/{NAME}/v1/cities?page=2")
    assert answer.json()["path"] == "/v1/cities"
    assert answer.json()["headers"]["X-Forwarded-Prefix"].endswith(f"/i/{NAME}")

    assert (await world.start(new)).healthy
    assert await world.asked(5) == [old.id] * 5
    await target.split(NAME, new.id, percent=10)
    assert Counter(await world.asked(100)) == {old.id: 90, new.id: 10}
    assert await target.live(NAME) == old.id
    await target.split(NAME, new.id, percent=0)
    assert await world.asked(10) == [old.id] * 10

    await target.switch(NAME, new.id)
    await target.stop(old.id)
    assert (await target.status(old.id)).state == "absent"
    assert await world.asked(10) == [new.id] * 10
    await target.switch(NAME, None)
    assert await target.live(NAME) is None
    assert await world.asked() == ["HTTP 404"]
    await target.stop(new.id)
    assert await left(world) == []


async def left(world: World) -> list[str]:
    """What is there of any deployment, or of a stable URL."""
    return [str(one.get("metadata", one).get("name", one)) for one in await world.objects() if not one.get("front")]


async def test_everything_may_be_repeated(world: World) -> None:
    made, target = version(), world.target
    first = await world.start(made)
    before = await world.objects()
    assert await world.start(made) == first
    assert await world.objects() == before
    for _ in range(2):
        await target.switch(NAME, made.id)
    before = await world.objects()
    await target.split(NAME, made.id, percent=0)
    await target.announce(NAME, None)
    assert await world.objects() == before
    for _ in range(2):
        await target.stop(made.id)
    assert await left(world) == []
    await target.switch(NAME, None)
    await target.stop(version().id)


async def test_other_secrets_start_it_anew(world: World) -> None:
    made = await world.live()
    status = await world.start(made, token="another-t0ken-of-cities")
    assert status.healthy
    assert status.live
    assert "another-t0ken-of-cities" not in str(await world.target.logs(made.id, limit=100))


async def test_a_stable_url_says_that_it_will_end(world: World) -> None:
    old = await world.live()
    await world.target.announce(NAME, NOTICE)
    answer = await world.http.get(f"{world.front}/i/{NAME}/v1")
    assert answer.headers["deprecation"] == "@1798761600"
    assert answer.headers["sunset"] == "Wed, 30 Jun 2027 23:59:59 GMT"
    assert answer.headers["link"] == '<https://example.com/ends>; rel="deprecation"'

    new = version("2.0.0")
    await world.start(new)
    await world.target.split(NAME, new.id, percent=50)
    await world.target.switch(NAME, None)
    await world.target.switch(NAME, new.id)
    assert (await world.http.get(f"{world.front}/i/{NAME}/v1")).headers["deprecation"] == "@1798761600"
    await world.target.announce(NAME, None)
    assert "deprecation" not in (await world.http.get(f"{world.front}/i/{NAME}/v1")).headers
    await world.target.announce(NAME, NOTICE)
    for one in (old, new):
        await world.target.stop(one.id)
    assert await left(world) == [], "the last deployment takes the notice along"


@pytest.mark.parametrize("kind", ["crash", "install", "image"])
async def test_a_version_that_does_not_come_up_says_why(world: World, kind: str) -> None:
    made = version("6.6.6")
    await world.simulators.act(world.vendor, "behave", version="6.6.6", kind=kind)
    told = ""
    try:
        status = await world.start(made)
        told, state = status.detail, status.state
        assert not status.healthy
    except CcbError as error:
        told, state = error.message, "failed"
    assert state in {"backing_off", "failed"}
    why = {"crash": "No module named 'nowhere'", "install": "no wheel has the hash", "image": "python-uv"}
    assert why[kind] in told
    await world.target.stop(made.id)
    assert await left(world) == []


async def test_what_is_not_proven_is_not_started(world: World) -> None:
    made, other = version("1.0.0"), version("2.0.0")
    with pytest.raises(VerdictInvalid):
        await world.target.start(
            made.spec, other.bundle, configuration={}, secrets={"API_TOKEN": SecretStr(TOKEN)}, heartbeat=len
        )
    with pytest.raises(InvalidInput, match="API_TOKEN"):
        await world.target.start(made.spec, made.bundle, configuration={}, secrets={}, heartbeat=len)
    with pytest.raises(InvalidInput, match="PATH"):
        await world.target.start(made.spec, made.bundle, configuration={"PATH": "/"}, secrets={}, heartbeat=len)
    assert await left(world) == []


async def test_refusals(world: World) -> None:
    target, made, stranger = world.target, await world.live(), version(name="rivers")
    await world.start(stranger)
    absent = version("9.9.9").id
    with pytest.raises(Conflict):
        await target.switch(NAME, stranger.id)
    with pytest.raises(NotFound):
        await target.switch(NAME, absent)
    with pytest.raises(NotFound):
        await target.split("rivers", stranger.id, percent=5)
    with pytest.raises(InvalidInput):
        await target.split(NAME, made.id, percent=5)
    with pytest.raises(InvalidInput):
        await target.split(NAME, stranger.id, percent=5)
    with pytest.raises(NotFound):
        await target.announce("rivers", NOTICE)
    with pytest.raises(NotFound):
        await target.traffic(absent, seconds=60)
    with pytest.raises(NotFound):
        await target.logs(absent, limit=5)
    assert await world.asked() == [made.id]


async def test_secrets_are_nowhere_but_where_they_are_kept(world: World) -> None:
    """In no log, label, annotation or name; their place alone holds them."""
    made = await world.live()
    await world.simulators.act(world.vendor, "say", deployment=made.id, text=f"I was told {TOKEN} to keep")
    lines = await world.target.logs(made.id, limit=100)
    assert any("I was told [redacted] to keep" in line.text for line in lines)
    assert TOKEN not in str(lines)
    assert TOKEN not in str(await world.target.status(made.id))
    assert TOKEN not in str(world.beats)


async def test_logs_are_followed_until_the_deployment_ends(world: World) -> None:
    made = await world.live()
    found: list[str] = []

    async def follow() -> None:
        async for line in world.target.follow(made.id):
            found.append(line.text)
            if line.text == "the first":
                await world.simulators.act(world.vendor, "say", deployment=made.id, text="the second")
            if line.text == "the second":
                await world.target.stop(made.id)

    following = asyncio.create_task(follow())
    while "the first" not in found:
        await world.simulators.act(world.vendor, "say", deployment=made.id, text="the first")
        await asyncio.wait([following], timeout=0.2)
    async with asyncio.timeout(20):
        await following
    assert "the second" in found
