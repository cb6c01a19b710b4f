"""The front of the Docker target by itself: real requests through it to real servers, while its files change."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import uvicorn

from adapters.docker_target.figures import traffic
from adapters.docker_target.gate import application
from adapters.docker_target.routes import Route
from domain.vendors import Notice

OLD, NEW, GONE = (f"dep_{letter * 32}" for letter in "abc")
NAME = "cities"


class Upstream(ThreadingHTTPServer):
    """Answers with its deployment's id."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, deployment: str) -> None:
        self.deployment = deployment
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_GET(self) -> None:
        said = {"deployment": self.server.deployment, "path": self.path, "prefix": self.headers["X-Forwarded-Prefix"]}
        body = json.dumps(said).encode()
        self.send_response(500 if self.path == "/fails" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Deprecation", "@1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def upstreams() -> Iterator[dict[str, Upstream]]:
    found = {deployment: Upstream(deployment) for deployment in (OLD, NEW)}
    yield found
    for one in found.values():
        one.shutdown()
        one.server_close()


@pytest.fixture
async def front(tmp_path: Path, upstreams: dict[str, Upstream]) -> AsyncIterator[httpx.AsyncClient]:
    def address(deployment: str) -> tuple[str, int]:
        # Nobody listens on port 1.
        return "127.0.0.1", upstreams[deployment].server_port if deployment in upstreams else 1

    config = uvicorn.Config(application(tmp_path, address=address), port=0, log_config=None, server_header=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.wait([serving], timeout=0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False, timeout=30) as client:
        yield client
    server.should_exit = True
    await serving


def write(folder: Path, route: Route) -> None:
    """As Docker does: what is there goes first."""
    path = folder / f"{route.name}.json"
    path.unlink(missing_ok=True)
    path.write_text(route.model_dump_json())


async def asked(front: httpx.AsyncClient, times: int = 1, path: str = "/i/cities/v1") -> list[str]:
    return [(await front.get(path)).json()["deployment"] for _ in range(times)]


async def test_requests_go_where_the_file_says(front: httpx.AsyncClient, tmp_path: Path) -> None:
    assert (await front.get("/i/cities/v1")).status_code == 404
    write(tmp_path, Route(name=NAME, live=OLD))
    assert (await front.get("/i/cities/v1?page=2")).json() == {
        "deployment": OLD,
        "path": "/v1?page=2",
        "prefix": "/i/cities",
    }
    write(tmp_path, Route(name=NAME, live=OLD, candidate=NEW, percent=10))
    assert Counter(await asked(front, 100)) == {OLD: 90, NEW: 10}
    write(tmp_path, Route(name="cities.staging", live=NEW))
    assert await asked(front, path="/i/cities.staging/v1") == [NEW]
    assert await asked(front, path=f"/d/{NEW}/v1") == [NEW]
    assert (await front.get("/d/metadata.internal/v1")).status_code == 404
    write(tmp_path, Route(name=NAME))
    assert (await front.get("/i/cities/v1")).status_code == 404


async def test_answers_announce_the_end(front: httpx.AsyncClient, tmp_path: Path) -> None:
    notice = Notice(deprecated_at=datetime(2027, 1, 1, tzinfo=UTC))
    write(tmp_path, Route(name=NAME, live=OLD, notice=notice))
    assert (await front.get("/i/cities/v1")).headers.get_list("deprecation") == ["@1798761600"]
    assert (await front.get(f"/d/{OLD}/v1")).headers.get_list("deprecation") == ["@1"]


async def test_one_that_is_gone_is_passed_over(front: httpx.AsyncClient, tmp_path: Path) -> None:
    write(tmp_path, Route(name=NAME, live=OLD, candidate=GONE, percent=50))
    assert await asked(front, 20) == [OLD] * 20
    write(tmp_path, Route(name=NAME, live=GONE))
    assert (await front.get("/i/cities/v1")).status_code == 503


async def test_no_request_is_lost_while_files_change(front: httpx.AsyncClient, tmp_path: Path) -> None:
    """Eight callers, twenty switches; a file that is not there, or not whole yet, changes nothing."""
    write(tmp_path, Route(name=NAME, live=OLD))
    assert await asked(front) == [OLD]
    done = asyncio.Event()
    answers: Counter[int] = Counter()

    async def call() -> None:
        while not done.is_set():
            answers[(await front.get("/i/cities/v1")).status_code] += 1

    callers = [asyncio.create_task(call()) for _ in range(8)]
    path = tmp_path / f"{NAME}.json"
    for turn in range(20):
        seen = answers.total()
        path.unlink()
        while answers.total() < seen + 2:
            await asyncio.wait(callers, timeout=0.005)
        path.write_text('{"name": "cit')
        while answers.total() < seen + 4:
            await asyncio.wait(callers, timeout=0.005)
        write(tmp_path, Route(name=NAME, live=(NEW, OLD)[turn % 2]))
    done.set()
    await asyncio.gather(*callers)
    assert answers.keys() == {200}
    assert answers.total() > 80
    assert await asked(front) == [OLD]


async def test_its_output_is_what_figures_are_made_of(
    front: httpx.AsyncClient, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, Route(name=NAME, live=OLD))
    for path in ("v1", "v1", "fails", "health"):
        await front.get(f"/i/cities/{path}")
    await front.get(f"/d/{OLD}/v1")
    found = traffic(["noise", *capfd.readouterr().out.splitlines()], OLD, health="/health", seconds=60)
    assert (found.requests, found.errors) == (3, 1)
    assert found.p50_ms is not None
    assert found.last_request_at is not None
