"""A real HTTP server of a few lines, and the document that a real Temporal server publishes about itself."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from adapters.openapi import OpenApiDocuments, OpenApiSettings

Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


class Web:
    """Answers raw bytes by path, so that a test decides every byte on the wire."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.port = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def serve(self, path: str, body: bytes, *, status: str = "200 OK", **headers: str) -> str:
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

        async def answer(_: str, writer: asyncio.StreamWriter) -> None:
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()

        self.answers[path] = answer
        return self.url(path)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        self.asked.append(path)
        try:
            await self.answers[path.split("?")[0]](path, writer)
        except ConnectionError:
            pass  # the client has read enough
        finally:
            writer.close()


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    found = Web()
    server = await asyncio.start_server(found.handle, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()


@pytest.fixture(scope="session")
def documents() -> OpenApiDocuments:
    return OpenApiDocuments(OpenApiSettings(allow_private=True, total_timeout=20))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def temporal_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, http = free_port(), free_port()
    log = tmp_path_factory.mktemp("temporal") / "log"
    binary = str(Path(sys.executable).with_name("temporal"))
    ports = ["--ip", "127.0.0.1", "--port", str(port), "--http-port", str(http)]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [binary, "server", "start-dev", "--headless", "--log-level", "error", *ports], stdout=out, stderr=out
        )
    base = f"http://127.0.0.1:{http}"
    transport = httpx.HTTPTransport(retries=8)  # 0, 0.5, 1, 2, … seconds apart until the port is open
    with httpx.Client(transport=transport) as client:
        client.get(f"{base}/openapi.yaml").raise_for_status()
    yield base
    server.send_signal(signal.SIGTERM)
    server.wait(20)


@pytest.fixture(scope="session")
async def published(documents: OpenApiDocuments, temporal_http: str) -> bytes:
    """The Temporal server's document, normalised."""
    return documents.normalise(await documents.fetch(f"{temporal_http}/openapi.yaml"))
