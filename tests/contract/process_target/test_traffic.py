"""The front of a stable URL: requests are shared out, counted and announced, and none is lost."""

import asyncio
import signal
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from domain import ids
from domain.errors import InvalidInput, NotFound
from domain.vendors import Notice, Traffic
from tests.contract.process_target.conftest import DATA, NAME, Built, World, built, eventually

APP = (DATA / "widgets_integration" / "app.py").read_text()
SAYS = 'headers={"X-Version": VERSION}'
ABSENT = ids.deployment("int", "sha256:0")
NOTICE = Notice(
    deprecated_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    sunset_at=datetime(2026, 7, 1, tzinfo=UTC),
    link="https://example.com/widgets?why=old,worn#end",
)


async def both(world: World, first: Built, second: Built) -> str:
    """Both started, the first one live; returns the stable URL."""
    url, _ = await asyncio.gather(world.up(first), world.start(second))
    await world.healthy(second.spec.id)
    return url


async def traffic(world: World, *versions: Built) -> list[Traffic]:
    return [await world.target.traffic(version.spec.id, seconds=600) for version in versions]


@dataclass
class Load:
    """Requests without a pause, half of them over kept connections; `answers` are status and version, as they come."""

    url: str
    answers: list[tuple[int, str]] = field(default_factory=list)
    going: bool = True

    async def ask(self, client: httpx.AsyncClient) -> None:
        while self.going:
            await self.one(client)

    async def one(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(f"{self.url}/slow", params={"seconds": 0.01}, content=b"x" * 100)
        self.answers.append((answer.status_code, answer.json().get("version", "")))

    async def more(self, count: int) -> Counter[str]:
        """The versions that answered the next `count` or a few more."""
        before = len(self.answers)

        async def seen() -> int:
            return len(self.answers) - before

        await eventually(seen, lambda seen: seen >= count)
        return Counter(version for _, version in self.answers[before:])


@asynccontextmanager
async def loaded(url: str) -> AsyncIterator[Load]:
    load = Load(url)
    fresh = httpx.Limits(max_keepalive_connections=0)
    async with (
        httpx.AsyncClient(timeout=30, trust_env=False) as kept,
        httpx.AsyncClient(timeout=30, trust_env=False, limits=fresh) as new,
    ):
        askers = [asyncio.create_task(load.ask(client)) for client in (kept, new) * 4]
        try:
            yield load
        finally:
            load.going = False
            await asyncio.gather(*askers)


async def test_switching_splitting_and_stopping_under_load_lose_no_request_and_count_each(world: World) -> None:
    first, second = built(version="1.0.0"), built(version="2.0.0")
    url = await both(world, first, second)
    async with loaded(url) as load:
        for number in range(20):
            await world.target.switch(NAME, (second, first)[number % 2].spec.id)
            await load.more(12)
        shares = {}
        for percent in (10, 50):
            await world.target.split(NAME, second.spec.id, percent=percent)
            seen = await load.more(300)
            shares[percent] = 100 * seen["2.0.0"] / seen.total()
    assert shares == {10: pytest.approx(10, abs=5), 50: pytest.approx(50, abs=8)}
    counted = Counter(version for _, version in load.answers)

    async def figures() -> list[int]:
        return [found.requests for found in await traffic(world, first, second)]

    await eventually(figures, lambda found: found == [counted["1.0.0"], counted["2.0.0"]])

    async with loaded(url) as rest:
        await world.target.switch(NAME, second.spec.id)
        await world.target.stop(first.spec.id)
        assert set(await rest.more(100)) == {"2.0.0"}
    answers = load.answers + rest.answers
    assert len(answers) >= 900
    assert {status for status, _ in answers} == {200}
    assert (await traffic(world, second))[0].errors == 0
    with pytest.raises(NotFound):
        await world.target.traffic(first.spec.id, seconds=60)


async def test_of_a_hundred_requests_the_candidate_gets_exactly_its_share(world: World) -> None:
    first, second = built(version="1.0.0"), built(version="2.0.0")
    load = Load(await both(world, first, second))
    for percent, expected in ((7, 7), (100, 100), (0, 0)):
        load.answers.clear()
        await world.target.split(NAME, second.spec.id, percent=percent)
        for _ in range(10):
            await asyncio.gather(*(load.one(world.http) for _ in range(10)))
        assert Counter(load.answers)[200, "2.0.0"] == expected
        assert len(load.answers) == 100
    await world.target.split(NAME, second.spec.id, percent=30)
    await world.target.switch(NAME, first.spec.id)  # ends it as well
    load.answers.clear()
    await asyncio.gather(*(load.one(world.http) for _ in range(50)))
    assert set(load.answers) == {(200, "1.0.0")}


async def test_errors_and_latencies_are_those_of_the_version_that_had_them(world: World) -> None:
    broken = APP.replace('    print(f"slow begins', '    raise RuntimeError("broken")\n    print(f"slow begins')
    first, second = built(version="1.0.0"), built(version="2.0.0", app=broken)
    url = await both(world, first, second)
    await world.target.split(NAME, second.spec.id, percent=50)
    began = datetime.now(UTC)
    statuses: Counter[int] = Counter()
    waited = []
    for _ in range(60):
        asked = time.monotonic()
        answer = await world.http.get(f"{url}/slow", params={"seconds": 0.05})
        statuses[answer.status_code] += 1
        if answer.is_success:
            waited.append((time.monotonic() - asked) * 1000)
    assert set(statuses) == {200, 500}

    async def ended() -> int:
        return sum(found.requests for found in await traffic(world, first, second))

    await eventually(ended, lambda ended: ended == 60)
    good, bad = await traffic(world, first, second)
    assert (good.requests, good.errors) == (statuses[200], 0)
    assert (bad.requests, bad.errors) == (statuses[500], statuses[500])
    assert good.p50_ms is not None
    assert good.p95_ms is not None
    assert good.p99_ms is not None
    assert 50 * 0.95 <= good.p50_ms <= statistics.median(waited) * 1.05
    assert good.p50_ms <= good.p95_ms <= good.p99_ms <= max(waited) * 1.05
    assert good.last_request_at is not None
    assert began <= good.last_request_at <= datetime.now(UTC)


async def test_what_a_candidate_that_is_down_could_not_be_given_is_answered_by_the_live_one(world: World) -> None:
    first, second = built(version="1.0.0"), built(version="2.0.0")
    url = await both(world, first, second)
    await world.target.split(NAME, second.spec.id, percent=100)
    own = f"{world.runner.url}/d/{second.spec.id}"

    async def answered() -> list[tuple[int, int]]:
        answers = [await world.http.post(f"{url}/echo/x", content=b"x" * 1000) for _ in range(3)]
        return [(answer.status_code, answer.json()["bytes"]) for answer in answers]

    async def served() -> str:
        return str((await world.http.get(f"{url}/health")).json()["version"])

    await world.http.get(f"{own}/die")
    await eventually(lambda: world.http.get(f"{own}/health"), lambda answer: answer.status_code == 503)
    assert await answered() == [(200, 1000)] * 3
    await eventually(served, lambda version: version == "2.0.0")
    (world.runner.folder / "sockets" / second.spec.id).unlink()  # it runs, and cannot be reached
    assert await answered() == [(200, 1000)] * 3

    good, bad = await traffic(world, first, second)
    assert bad.errors >= 6
    assert (good.requests, good.errors) == (bad.errors, 0)
    assert (await world.http.get(f"{own}/health")).status_code == 503
    assert (await traffic(world, second))[0].requests == bad.requests  # its own URL is not the front


async def test_a_notice_is_in_every_answer_until_it_is_taken_back(world: World) -> None:
    links = '<https://a.example/?page=2,3>; rel=\\"next\\", <https://b.example>; rel=deprecation; title=\\"a, b\\"'
    says = SAYS.replace("}", f', "Deprecation": "@0", "Sunset": "never", "Link": "{links}"}}')
    version = built(version="1.0.0", app=APP.replace(SAYS, says))
    second = built(version="2.0.0")
    url = await both(world, version, second)
    paths = ("/health", "/stream", "/nothing")

    async def said(path: str) -> dict[str, list[str]]:
        answer = await world.http.get(f"{url}{path}")
        return {name: answer.headers.get_list(name) for name in ("deprecation", "sunset", "link")}

    before = {path: await said(path) for path in paths}
    assert before["/stream"]["deprecation"] == ["@0"]
    await world.target.announce(NAME, NOTICE)
    for path in paths:
        found = await said(path)
        assert found["deprecation"] == ["@1767323045"]
        assert parsedate_to_datetime(found["sunset"][0]) == NOTICE.sunset_at
        assert found["sunset"] == ["Wed, 01 Jul 2026 00:00:00 GMT"]
        assert found["link"][-1] == '<https://example.com/widgets?why=old,worn#end>; rel="deprecation"'
    # Another relation's link stays: a client may turn pages by it.
    assert (await said("/stream"))["link"][:-1] == ['<https://a.example/?page=2,3>; rel="next"']
    own = await world.http.get(f"{world.runner.url}/d/{version.spec.id}/health")
    assert "deprecation" not in own.headers

    await world.target.split(NAME, second.spec.id, percent=100)
    await world.runner.end(signal.SIGKILL)
    await world.runner.start()
    await asyncio.gather(world.healthy(version.spec.id), world.healthy(second.spec.id))
    assert await world.target.live(NAME) == version.spec.id
    answer = await world.http.get(f"{url}/health")
    assert (answer.json()["version"], answer.headers["deprecation"]) == ("2.0.0", "@1767323045")

    await world.target.switch(NAME, None)
    answer = await world.http.get(f"{url}/health")
    assert (answer.status_code, answer.headers["deprecation"]) == (404, "@1767323045")
    await world.target.switch(NAME, version.spec.id)
    only = Notice(deprecated_at=NOTICE.deprecated_at)
    await world.target.announce(NAME, only)
    assert (await said("/stream"))["sunset"] == ["never"]
    assert (await said("/health"))["link"] == []
    for _ in range(2):
        await world.target.announce(NAME, None)
    assert {path: await said(path) for path in paths} == before

    await world.target.announce(NAME, only)
    for gone in (version, second):
        await world.target.stop(gone.spec.id)
    assert "deprecation" not in (await world.http.get(f"{url}/health")).headers


async def test_what_cannot_be_is_refused_and_changes_nothing(world: World) -> None:
    version, other = built(), built(version="2.0.0")
    stranger = replace(other, spec=other.spec.model_copy(update={"name": "gadgets"}))
    await both(world, version, stranger)
    before = (world.runner.folder / "routes.json").read_text()
    for kind, name, candidate, percent in (
        (NotFound, NAME, ABSENT, 10),
        (NotFound, "gadgets", version.spec.id, 10),
        (InvalidInput, NAME, version.spec.id, 10),
        (InvalidInput, NAME, stranger.spec.id, 10),
        (InvalidInput, NAME, stranger.spec.id, 101),
        (InvalidInput, NAME, stranger.spec.id, -1),
    ):
        with pytest.raises(kind):
            await world.target.split(name, candidate, percent=percent)
    await world.target.split(NAME, ABSENT, percent=0)  # there is nothing to end, which is fine

    with pytest.raises(NotFound):
        await world.target.traffic(ABSENT, seconds=60)
    for seconds in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidInput) as invalid:
            await world.target.traffic(version.spec.id, seconds=seconds)
        assert invalid.value.details["field"] == "seconds"

    with pytest.raises(NotFound):
        await world.target.announce("gadgets", NOTICE)
    await world.target.announce("gadgets", None)
    bad: list[dict[str, Any]] = [
        {"sunset_at": NOTICE.deprecated_at - timedelta(seconds=1)},
        *(
            {"link": link}
            for link in ("/page", "ftp://a.example", "https://a.example/> x", "https://a\r\nX: 1", "http://")
        ),
    ]
    for change in bad:
        with pytest.raises(InvalidInput) as invalid:
            await world.target.announce(NAME, NOTICE.model_copy(update=change))
        assert invalid.value.details["field"] == f"notice.{next(iter(change))}"
    assert (world.runner.folder / "routes.json").read_text() == before
