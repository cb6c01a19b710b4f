"""Starting the integration as the runner would, and how long that takes. Runs in the jail."""

import asyncio
import contextlib
import json
import math
import os
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from adapters.validation.performance.machine import Clock
from adapters.validation.performance.wire import Ask, Connection

ADDRESS = "/tmp/integration"  # noqa: S108 (the jail's own)
ROUNDS = 3
_SAID = Path("/tmp/said")  # noqa: S108
_SERVE = """\
import importlib, json, os, sys, time
import uvicorn

def now():
    try:
        with open("/proc/self/schedstat") as file:
            return time.perf_counter() - int(file.read().split()[1]) / 1e9
    except OSError:
        return time.perf_counter()

order = json.loads(sys.argv[1])
os.environ.update(order["environment"])
sys.path.insert(0, os.getcwd())
module, _, name = order["entrypoint"].partition(":")
started = now()
app = getattr(importlib.import_module(module), name)
os.write(order["told"], json.dumps(now() - started).encode())
os.close(order["told"])
uvicorn.run(app, fd=order["socket"], access_log=False, log_level="warning", proxy_headers=False, server_header=False,
    ws="none")
"""


@dataclass(frozen=True)
class Start:
    """A process that answers, and the seconds it took, without those that it waited for a processor.

    `imported` is what it says itself; it cannot be more than `answered`.
    """

    server: asyncio.subprocess.Process
    imported: float
    answered: float


async def best_start(given: dict[str, Any], environment: dict[str, str], end: float) -> list[Start]:
    """All starts that were needed; the last one still runs. None if it does not answer."""
    starts: list[Start] = []
    while start := await _start(given, environment, end):
        starts.append(start)
        good = min(one.imported for one in starts) <= given["import_seconds"]
        good = good and min(one.answered for one in starts) <= given["startup_seconds"]
        if good or len(starts) == ROUNDS or time.monotonic() + start.answered > end:
            return starts
        await stop(start.server)
    return []


async def stop(server: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        server.kill()
    await server.wait()


async def _start(given: dict[str, Any], environment: dict[str, str], end: float) -> Start | None:
    listener, said = _prepared()
    told, tell = os.pipe()
    with listener, said, os.fdopen(told, "rb") as answer:
        order = {
            "entrypoint": given["entrypoint"],
            "environment": environment,
            "socket": listener.fileno(),
            "told": tell,
        }
        before = Clock.read(os.getpid())
        server = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-B", "-u", "-c", _SERVE, json.dumps(order)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            pass_fds=(listener.fileno(), tell),
        )
        os.close(tell)
        listener.close()
        if not await _answers(server, given["health"], end):
            await stop(server)
            return None
        took = Clock.read(os.getpid(), server.pid).since(before)
        return Start(server, min(_number(answer.read(100)), took.own), took.own)


def _prepared() -> tuple[socket.socket, IO[bytes]]:
    Path(ADDRESS).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(ADDRESS)
    listener.listen(128)
    return listener, _SAID.open("wb")


async def _answers(server: asyncio.subprocess.Process, path: str, end: float) -> bool:
    """Whether the health check answers 200 before process or time end. The first request waits in the queue."""
    ending = asyncio.create_task(server.wait())
    connection = Connection(ADDRESS)
    try:
        while not ending.done() and (left := end - time.monotonic()) > 0:
            asking = asyncio.create_task(connection.ask(Ask("get", path), left))
            await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
            with contextlib.suppress(OSError, EOFError, ValueError, TimeoutError, asyncio.CancelledError):
                answer = await asking
                if answer.status == 200:
                    return True
            await asyncio.sleep(0.02)
        return False
    finally:
        connection.close()
        ending.cancel()


def _number(data: bytes) -> float:
    try:
        return max(0.0, float(data))
    except ValueError:
        return math.inf


def said() -> str:
    """The end of what it printed."""
    with contextlib.suppress(OSError):
        return _SAID.read_bytes()[-1500:].decode(errors="replace")
    return ""
