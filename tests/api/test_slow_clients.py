"""Clients that take their time, or give nonsense, cost little and are not waited for."""

import asyncio
import contextlib
import dataclasses
import json
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from api.settings import EdgeSettings
from domain.people import Role
from tests.api.test_problems import is_problem
from tests.api.world import World, a_request, fresh_name, served

QUICK = EdgeSettings(read_timeout=1, request_timeout=3)
MANY = 200


@pytest.fixture(scope="module")
async def url(world: World) -> AsyncIterator[str]:
    async with served(dataclasses.replace(world.services, edge=QUICK)) as url:
        yield url


@contextlib.asynccontextmanager
async def connection(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def until_closed(reader: asyncio.StreamReader, within: float = 15) -> bytes:
    """What the server says before it closes the connection."""
    said = b""
    async with asyncio.timeout(within):
        with contextlib.suppress(ConnectionError):
            while more := await reader.read(65_536):
                said += more
    return said


async def trickle(writer: asyncio.StreamWriter, text: bytes, *, every: float) -> None:
    with contextlib.suppress(ConnectionError):
        for byte in text * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(every)


def problem_in(said: bytes) -> dict[str, object]:
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    found = json.loads(body)
    assert isinstance(found, dict)
    return found


async def test_two_hundred_that_never_end_their_heads_hold_nobody_up(world: World):
    edge = EdgeSettings(read_timeout=4)
    async with served(dataclasses.replace(world.services, edge=edge)) as url, contextlib.AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(connection(url)) for _ in range(MANY)]
        for _, writer in slow:
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n")
        sending = [asyncio.create_task(trickle(writer, b"X-A: b\r\n", every=0.5)) for _, writer in slow]
        started = time.monotonic()
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as api:
            for _ in range(10):
                assert (await api.get("/health/live")).status_code == 200
        took = time.monotonic() - started
        closed = asyncio.gather(*(until_closed(reader, within=40) for reader, _ in slow))
        assert set(await closed) == {b""}
        assert took < time.monotonic() - started
        for task in sending:
            task.cancel()


async def test_who_says_nothing_is_not_waited_for(url: str):
    async with connection(url) as (reader, _):
        assert await until_closed(reader) == b""


async def test_a_second_request_has_no_more_time_than_the_first(url: str):
    async with connection(url) as (reader, writer):
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).endswith(b"200 OK\r\n")
        sending = asyncio.create_task(trickle(writer, b"GET /health/live HTTP/1.1\r\nX", every=0.4))
        await until_closed(reader)
        sending.cancel()


@pytest.mark.parametrize("every", [1.5, 0.4], ids=["a pause", "all of it"])
async def test_a_body_that_does_not_come_is_not_waited_for(world: World, url: str, every: float):
    known = f"Host: x\r\nAuthorization: Bearer {await world.key(Role.DEVELOPER)}"
    head = f"POST /api/v1/integrations HTTP/1.1\r\n{known}\r\n"
    async with connection(url) as (reader, writer):
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n".encode())
        sending = asyncio.create_task(trickle(writer, b" ", every=every))
        said = await until_closed(reader)
        sending.cancel()
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in said.lower()
    assert problem_in(said)["code"] == "request_timeout"


async def test_a_refused_body_is_not_listened_to_for_ever(url: str):
    async with connection(url) as (reader, writer):
        writer.write(b"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        sending = asyncio.create_task(trickle(writer, b" ", every=0.3))
        said = await until_closed(reader)
        sending.cancel()
    assert said.startswith(b"HTTP/1.1 413 ")


async def test_answers_that_nobody_reads_are_not_kept(url: str):
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    async with connection(url) as (reader, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # so that nothing is taken from the socket
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(30):
                while not writer.is_closing() and time.monotonic() - started < 25:
                    writer.write(asked * 20)
                    await writer.drain()
                    await asyncio.sleep(0.1)
        assert time.monotonic() - started < 20
        assert reader is not None


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n"],
    ids=["TLS", "a long head"],
)
async def test_what_is_no_request_is_a_problem(url: str, sent: bytes):
    async with connection(url) as (reader, writer):
        writer.write(sent)
        said = await until_closed(reader)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert problem_in(said)["code"] == "bad_request"


async def test_a_path_that_is_too_long_is_a_problem(url: str):
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        is_problem_of = await api.get("/api/v1/integrations", params={"stage": "x" * 9_000})
        longest = await api.get("/api/v1/integrations", params={"stage": "x" * 7_000})
    assert is_problem(is_problem_of, 414, "uri_too_long")
    assert longest.status_code == 401


async def test_work_that_takes_too_long_is_ended_and_said(world: World):
    async def slow() -> None:
        await asyncio.sleep(2)

    services = dataclasses.replace(world.services, probes={"database": slow}, edge=EdgeSettings(request_timeout=0.5))
    async with served(services) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api:
        answer = await api.get("/health/deps")
    is_problem(answer, 503, "timeout")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_stream_lasts_longer_than_a_request_may(world: World, url: str):
    name = fresh_name("streamed")
    async with world.client(Role.DEVELOPER) as api:
        await api.post("/api/v1/integrations", json=a_request(name=name))
    headers = {"Authorization": f"Bearer {await world.key(Role.DEVELOPER)}"}
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as api,
        api.stream("GET", f"/api/v1/integrations/{name}/stream") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        pieces = answer.aiter_bytes()
        await anext(pieces)
        ended = asyncio.create_task(_exhausted(pieces))
        done, _ = await asyncio.wait({ended}, timeout=QUICK.request_timeout + 1)
        assert not done
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)


async def _exhausted(pieces: AsyncIterator[bytes]) -> None:
    async for _ in pieces:
        pass
