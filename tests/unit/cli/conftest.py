"""Stacks of small real processes."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from cli.stack import Part, PartState, Stack, StackEvent, StackOptions
from cli.stack.layout import Layout
from cli.stack.probes import http

HERE = Path(__file__).parent


class Events:
    """What a stack told, and a way to wait for it."""

    def __init__(self) -> None:
        self.all: list[StackEvent] = []
        self._more = asyncio.Event()

    def __call__(self, event: StackEvent) -> None:
        self.all.append(event)
        self._more.set()

    def of(self, part: str, state: PartState) -> list[StackEvent]:
        return [event for event in self.all if (event.part, event.state) == (part, state)]

    async def nth(self, part: str, state: PartState, count: int = 1) -> StackEvent:
        """The event that makes it `count` of them."""
        async with asyncio.timeout(20):
            while len(found := self.of(part, state)) < count:
                self._more.clear()
                await self._more.wait()
        return found[count - 1]


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def free_port() -> Callable[[], int]:
    def choose() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return choose


@pytest.fixture
def server(free_port: Callable[[], int]) -> Callable[..., Part]:
    """A part that answers HTTP."""

    def make(name: str, *words: str, after: tuple[str, ...] = (), grace: float = 5.0) -> Part:
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        command = [sys.executable, "-S", str(HERE / "small_server.py"), str(port), *words]
        return Part(
            name=name,
            command=command,
            environment=dict(os.environ),
            after=frozenset(after),
            ready=http(url),
            grace=grace,
            url=url,
        )

    return make


@pytest.fixture
def script() -> Callable[..., Part]:
    """A part that runs a piece of Python; ready at once unless it is to be `once`."""

    def make(name: str, code: str, *, once: bool = False, after: tuple[str, ...] = ()) -> Part:
        command = [sys.executable, "-S", "-c", code]
        return Part(name=name, command=command, environment=dict(os.environ), once=once, after=frozenset(after))

    return make


@pytest.fixture
def stack_of(tmp_path: Path, events: Events) -> Callable[..., Stack]:
    def make(*parts: Part, start_timeout: float = 20.0) -> Stack:
        def layout(_: StackOptions, __: Path, ___: Mapping[str, str]) -> Layout:
            return Layout(parts=[*parts])

        options = StackOptions(data_dir=tmp_path, start_timeout=start_timeout)
        return Stack(options, on_event=events, environ={}, layout=layout)

    return make


class Supervisor:
    """A supervisor in a process of its own, with two servers."""

    def __init__(self, process: asyncio.subprocess.Process, data_dir: Path, ports: list[int]) -> None:
        self.process = process
        self.data_dir = data_dir
        self.ports = ports
        self.pids: list[int] = []

    async def until(self, line: str) -> None:
        """Read what it says until `line`."""
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            while True:
                said = (await self.process.stdout.readline()).decode()
                if not said:
                    raise AssertionError(f"it ended without saying {line!r}")
                if said.split()[-1].isdigit():
                    self.pids.append(int(said.split()[-1]))
                if line in said:
                    return

    async def ended(self) -> int:
        async with asyncio.timeout(20):
            return await self.process.wait()


@pytest.fixture
async def supervisors(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Callable[..., object]]:
    started: list[Supervisor] = []

    async def start(*words: str, data_dir: Path = tmp_path / "data") -> Supervisor:
        ports = [free_port(), free_port()]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(HERE / "supervised.py"), str(data_dir), *map(str, ports), *words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(Supervisor(process, data_dir, ports))
        return started[-1]

    yield start
    for supervisor in started:
        if supervisor.process.returncode is None:
            supervisor.process.kill()
            await supervisor.process.wait()


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that happens in another process; fails after 10 seconds."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  # another process sets no event of ours
            await asyncio.sleep(0.02)


async def gone(*pids: int) -> None:
    """Wait until none of them is alive; fails after 10 seconds."""
    await until(lambda: not any(alive(pid) for pid in pids))


def group_of(pid: int) -> list[int]:
    """Everyone in the process group `pid`."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


@pytest.fixture
def bystander() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """A process in a group of its own that no supervisor holds."""
    started: list[subprocess.Popen[bytes]] = []

    def make(code: str = "import time; time.sleep(600)", **environment: str) -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-S", "-c", code],
                env={**os.environ, **environment},
                start_new_session=True,
                stdout=subprocess.PIPE,
            )
        )
        return started[-1]

    yield make
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()
