"""A real runner in a process of its own, bundles of a small integration, and a real upstream."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import httpx
import psutil
import pytest
from pydantic import SecretStr

from adapters.process_target import ProcessTarget, ProcessTargetSettings
from domain import ids
from domain.artifacts import ArtifactRef, files_hash
from domain.packages import Lock
from domain.plan import ConfigurationKey, SecretKey
from domain.vendors import DeploymentSpec, DeploymentStatus
from simulators.kit import Simulators
from tests import proofs

KEY = "runner-key-0123456789"
TOKEN = "s3cret-t0ken-of-widgets"
NAME = "widgets"
ENTRYPOINT = "widgets_integration.app:app"
DATA = Path(__file__).parent / "data"

T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def eventually(ask: Callable[[], Awaitable[T]], until: Callable[[T], bool], *, within: float = 30.0) -> T:
    """Ask until the answer is as wanted; fails with the last answer."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        answer = await ask()
        if until(answer):
            return answer
        assert asyncio.get_running_loop().time() < deadline, f"still {answer}"
        await asyncio.sleep(0.02)


@dataclass
class RunnerProcess:
    """The runner, which can be killed and started again on the same folder."""

    data_dir: Path
    index_url: str
    upstream_port: int = field(default_factory=free_port)
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        return self.data_dir / "runner"

    async def start(self) -> None:
        environment = {
            **os.environ,
            "CCB_RUNNER_PORT": str(self.port),
            "CCB_RUNNER_KEY": KEY,
            "CCB_DATA_DIR": str(self.data_dir),
            "CCB_RUNNER_PRIVATE_HOSTS": f"127.0.0.1:{self.upstream_port}",
            "CCB_PACKAGES_INDEX_URL": self.index_url,
            "CCB_SIGNING_PUBLIC_KEYS": proofs.public(),
        }
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "workers.runner", env=environment, start_new_session=True, umask=0o077
        )

        async def up() -> bool:
            assert self.process is not None
            assert self.process.returncode is None, "the runner ended"
            try:
                async with httpx.AsyncClient() as client:
                    return (await client.get(f"{self.url}/health")).is_success
            except httpx.TransportError:
                return False

        await eventually(up, bool)

    def inside(self) -> list[psutil.Process]:
        """Every process below the runner."""
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    async def end(self, number: int) -> None:
        """Send a signal and wait for the end of the runner and of all below it."""
        assert self.process is not None
        below = self.inside()
        self.process.send_signal(number)
        await self.process.wait()
        _, alive = await asyncio.to_thread(psutil.wait_procs, below, timeout=10)
        assert not alive
        self.process = None


@dataclass
class Upstream:
    """A real HTTP server; `seen` lists the requests it got."""

    port: int
    seen: list[tuple[str, str, dict[str, str], bytes]]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Built:
    """A version, ready to be started; with `bundle`, those bytes instead of its own."""

    spec: DeploymentSpec
    files: Mapping[str, str]
    bundle: bytes | None = None


def spec_of(files: Mapping[str, str], *, version: str = "1.0.0", hosts: Sequence[str] = ()) -> DeploymentSpec:
    hashed = files_hash(files)
    return DeploymentSpec(
        id=ids.deployment(ids.new("int"), hashed),
        name=NAME,
        version=version,
        content_hash=hashed,
        bundle=ArtifactRef(hash=hashed, size=0),  # where the caller has it from
        entrypoint=ENTRYPOINT,
        requirements=["fastapi", "httpx", "pydantic", "uvicorn"],
        hosts=list(hosts) or ["api.example.com"],
        configuration=[
            ConfigurationKey(name="REGION", description="Where.", default="north"),
            ConfigurationKey(name="BASE_URL", description="The API."),
        ],
        secrets=[SecretKey(name="API_TOKEN", description="The API's token.")],
    )


def built(*, version: str = "1.0.0", hosts: list[str] | None = None, app: str | None = None) -> Built:
    """The small integration, or one with another `app.py`."""
    package = DATA / "widgets_integration"
    files = {f"{package.name}/{path.name}": path.read_text() for path in package.glob("*.py")}
    files[f"{package.name}/app.py"] = (app or files[f"{package.name}/app.py"]).replace('"VERSION"', f'"{version}"')
    return Built(spec_of(files, version=version, hosts=hosts or []), files)


@dataclass
class World:
    """What a test has: the target, its runner, and an upstream."""

    target: ProcessTarget
    runner: RunnerProcess
    upstream: Upstream
    http: httpx.AsyncClient
    lock: Lock

    def bundle(self, built: Built, **changes: Any) -> bytes:
        """The version as it is published, with a verdict by a key that the runner believes."""
        named: dict[str, Any] = {"name": built.spec.name, "version": built.spec.version, "lock": self.lock}
        return proofs.proven(built.files, **(named | changes))

    async def start(self, version: Built, *, token: str = TOKEN) -> DeploymentStatus:
        return await self.target.start(
            version.spec,
            self.bundle(version) if version.bundle is None else version.bundle,
            configuration={"BASE_URL": f"http://{self.upstream.host}"},
            secrets={"API_TOKEN": SecretStr(token)},
            heartbeat=lambda _: None,
        )

    async def healthy(self, deployment_id: str) -> DeploymentStatus:
        return await eventually(
            lambda: self.target.status(deployment_id), lambda status: status.healthy and status.state == "running"
        )

    async def up(self, version: Built) -> str:
        """Started, healthy and switched to; returns the stable URL."""
        await self.start(version)
        await self.healthy(version.spec.id)
        return await self.target.switch(NAME, version.spec.id)


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Longer than a unix socket's path may be (107 bytes).
    return tmp_path_factory.mktemp("runner") / ("a long way down " * 4) / ("and further down " * 4)


@pytest.fixture(scope="session")
async def session_runner(shared_data: Path, simulators: Simulators) -> AsyncIterator[RunnerProcess]:
    """One runner for all tests, each of which leaves it as it was: environments are built once."""
    runner = RunnerProcess(shared_data, simulators.packages_url)
    await runner.start()
    yield runner
    if runner.process:
        await runner.end(signal.SIGTERM)


@pytest.fixture
def upstream(session_runner: RunnerProcess) -> Iterator[Upstream]:
    seen: list[tuple[str, str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            answer = b'{"widget": "blue"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET  # noqa: N815 - the base class asks for this name

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", session_runner.upstream_port), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield Upstream(server.server_port, seen)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
async def world(session_runner: RunnerProcess, upstream: Upstream, lock: Lock) -> AsyncIterator[World]:
    target = ProcessTarget(ProcessTargetSettings(url=session_runner.url, key=SecretStr(KEY)))
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        yield World(target, session_runner, upstream, http, lock)
        answer = await http.get(f"{session_runner.url}/deployments", headers={"Authorization": f"Bearer {KEY}"})
        for status in answer.json():
            await target.stop(status["id"])
    await target.close()
