"""A Temporal server for its own document, and one cache of types for all workspaces that are checked."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.simulators.executor import Executor, load

DOCUMENTS = Path(__file__).parent / "documents"


@dataclass(frozen=True)
class Temporal:
    """A running server: where its HTTP API is, and the document it publishes about itself."""

    base_url: str
    document: dict[str, Any]


@pytest.fixture(scope="session", autouse=True)
def _types_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["BRAIN_MYPY_CACHE"] = str(tmp_path_factory.getbasetemp() / "mypy-cache")


@pytest.fixture
def executor(tmp_path: Path) -> Callable[[dict[str, Any] | str], Executor]:
    """Build an executor for a document, given or by the name of a file here."""

    def build(document: dict[str, Any] | str) -> Executor:
        return Executor(load(DOCUMENTS / document) if isinstance(document, str) else document, tmp_path)

    return build


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@pytest.fixture(scope="session")
def temporal() -> Iterator[Temporal]:
    port, http = free_ports(2)
    binary = Path(sys.executable).parent / "temporal"
    command = [str(binary), "server", "start-dev", "--headless", "--port", str(port), "--http-port", str(http)]
    process = subprocess.Popen(
        [*command, "--ip", "127.0.0.1", "--log-level", "error"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        base_url = f"http://127.0.0.1:{http}"
        wait_for(f"{base_url}/api/v1/namespaces/default", process)
        text = fetch(f"{base_url}/openapi.yaml").decode()
        yield Temporal(base_url, yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as response:
        body: bytes = response.read()
        return body


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    """Ask until there is an answer; give up when the process ends or the time does."""
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        try:
            fetch(url)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{url} does not answer: {process.poll()}")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[[str, str], Callable[[str], Any]]]:
    """Start an integration of the workspace against an API; answers a function that gets a path of it as JSON."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(package: str, base_url: str) -> Callable[[str], Any]:
        [port] = free_ports(1)
        command = [sys.executable, "-m", "uvicorn", f"{package}.app:app", "--port", str(port), "--log-level", "error"]
        process = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "BASE_URL": base_url})
        processes.append(process)
        wait_for(f"http://127.0.0.1:{port}/health", process)
        return lambda path: json.loads(fetch(f"http://127.0.0.1:{port}{path}"))

    yield start
    for process in processes:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
