"""HTTP/1.1 as far as measuring needs it: a client over the integration's socket, and a stub of the outside API.

Runs in the jail. The standard library's asyncio streams, so that little of what is measured is ours.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from urllib.parse import urlsplit

_MOST = 8 << 20


@dataclass(frozen=True)
class Message:
    """A request or an answer: its first line, its headers in lower case, its body."""

    first: str
    headers: dict[str, str]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.first.split(" ")[1])


async def _message(reader: asyncio.StreamReader) -> Message:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
            if len(body) > _MOST:
                raise ValueError("an answer is too large")
        await reader.readline()
        return Message(head[0], headers, body)
    length = int(headers.get("content-length", "0"))
    if length > _MOST:
        raise ValueError("an answer is too large")
    return Message(head[0], headers, await reader.readexactly(length))


@dataclass(frozen=True)
class Ask:
    """A request of a route."""

    method: str
    path: str
    body: bytes | None = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()

    def data(self) -> bytes:
        lines = [f"{self.method.upper()} {self.path} HTTP/1.1", "Host: integration", "Accept: */*", *self.headers]
        if self.body is not None:
            lines += [f"Content-Type: {self.media_type}", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (self.body or b"")


class Connection:
    """A connection to the integration that is kept open, and opened again when it was closed."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Ask, timeout: float) -> Message:
        """Raises OSError, EOFError, ValueError, TimeoutError."""
        async with asyncio.timeout(timeout):
            if self._streams is None:
                self._streams = await asyncio.open_unix_connection(self._address)
            reader, writer = self._streams
            try:
                writer.write(request.data())
                answer = await _message(reader)
            except BaseException:
                self.close()
                raise
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


class Stub:
    """Answers every request alike, at once. What asks past the base URL, by the proxy, is kept by host."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"{}"
        self.requests = 0
        self.past_base_url: set[str] = set()

    async def start(self) -> str:
        """The base URL."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = server
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def answers(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            while True:
                request = await _message(reader)
                self.requests += 1
                method, target, *_ = [*request.first.split(" "), "", ""]
                status, body = self.status, self.body
                if method == "CONNECT" or "://" in target:
                    host = target if method == "CONNECT" else urlsplit(target).netloc
                    if len(self.past_base_url) < 20:
                        self.past_base_url.add(host[:200])
                if method == "CONNECT":  # TLS cannot be answered here
                    status, body = 502, b""
                head = f"HTTP/1.1 {status} Stub\r\nContent-Type: application/json\r\n"
                # A 204 has no length (RFC 9110, 8.6).
                head += "\r\n" if status == 204 else f"Content-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + (b"" if status == 204 or method == "HEAD" else body))
                await writer.drain()
        writer.close()
