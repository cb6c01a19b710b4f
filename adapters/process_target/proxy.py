"""The way out of the jail: an HTTP proxy for one deployment that admits its manifest's hosts and nothing else.

Both forms of RFC 9112 §3.2: absolute-form for `http:`, CONNECT for `https:`. Requests and answers in absolute-form
are read and framed anew by h11 on both sides, and a connection serves one request, so that nothing can be smuggled
past the check.
"""

import asyncio
import json
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import cast
from urllib.parse import SplitResult, urlsplit

import h11

from adapters.process_target.hosts import Hosts, Refused

MAX_HEAD_BYTES = 32_768
MAX_CONNECTIONS = 200
HEAD_SECONDS = 10.0
CONNECT_SECONDS = 10.0
IDLE_SECONDS = 300.0
_CHUNK = 65_536
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authorization proxy-authenticate te trailer upgrade host"
    b" expect".split()
)

Headers = list[tuple[bytes, bytes]]


class EgressProxy:
    """Serves one listening socket. `report` gets a sentence for each connection refused."""

    def __init__(self, hosts: Hosts, report: Callable[[str], None]) -> None:
        self._hosts = hosts
        self._report = report
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self, listener: socket.socket) -> None:
        """Begin to answer on `listener`, which this proxy owns from now on."""
        listener.setblocking(False)
        self._server = await asyncio.start_server(self._accept, sock=listener, limit=MAX_HEAD_BYTES)

    async def close(self) -> None:
        """End the listener and all connections."""
        if self._server:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a stream's callback is always a task
        self._connections.add(task)
        try:
            with suppress(OSError, EOFError):  # either side may go away at any moment; the other is then closed too
                if len(self._connections) <= MAX_CONNECTIONS:
                    await _Exchange(self._hosts, self._report, reader, writer).run()
        finally:
            self._connections.discard(task)
            writer.close()


class _Exchange:
    """One request of the jail's and its answer."""

    def __init__(
        self,
        hosts: Hosts,
        report: Callable[[str], None],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._hosts = hosts
        self._report = report
        self._reader = reader
        self._writer = writer
        self._inside = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)

    async def run(self) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = await _event(self._inside, self._reader)
            if not isinstance(request, h11.Request):
                return
            if request.method == b"CONNECT":
                await self._tunnel(request)
            else:
                await self._forward(request)
        except h11.RemoteProtocolError as error:
            await self._answer(error.error_status_hint, f"not a request this proxy understands: {error}")
        except TimeoutError:
            await self._answer(504, "timed out")
        except Refused as refused:
            self._report(refused.sentence)
            await self._answer(refused.status, refused.sentence)

    async def _tunnel(self, request: h11.Request) -> None:
        target = _split("//" + request.target.decode("ascii"))
        if not target.port:
            raise Refused(400, "CONNECT needs host:port")
        reader, writer = await self._connect(target, target.port)
        try:
            self._writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            writer.write(self._inside.trailing_data[0])
            async with asyncio.TaskGroup() as directions:
                directions.create_task(_pipe(self._reader, writer))
                directions.create_task(_pipe(reader, self._writer))
        except* OSError:
            pass  # one side went away, or was silent too long; both are closed
        finally:
            writer.close()

    async def _forward(self, request: h11.Request) -> None:
        url = _split(request.target.decode("ascii"))
        if url.scheme != "http":
            raise Refused(400, "this proxy takes http:// URLs, and CONNECT for https")
        reader, writer = await self._connect(url, url.port or 80)
        try:
            outside = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            headers = [(b"host", url.netloc.encode()), *_end_to_end(request.headers), (b"connection", b"close")]
            writer.write(outside.send(h11.Request(method=request.method, target=target, headers=headers)) or b"")
            if self._inside.they_are_waiting_for_100_continue:
                interim = h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
                self._writer.write(self._inside.send(interim) or b"")
            sending = asyncio.create_task(_relay(self._inside, self._reader, outside, writer))
            try:
                await self._answer_with(outside, reader)
            finally:
                # An upstream may answer before it has read the whole request: what is left of it is not sent.
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        finally:
            writer.close()

    async def _answer_with(self, outside: h11.Connection, reader: asyncio.StreamReader) -> None:
        while isinstance(head := await _event(outside, reader), h11.InformationalResponse):
            pass
        if not isinstance(head, h11.Response):
            raise Refused(502, "the host closed the connection without an answer")
        headers = [*_end_to_end(head.headers), (b"connection", b"close")]
        answer = h11.Response(status_code=head.status_code, headers=headers, reason=head.reason)
        self._writer.write(self._inside.send(answer) or b"")
        await _relay(outside, reader, self._inside, self._writer)

    async def _connect(self, url: SplitResult, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host = url.hostname or ""
        failure: OSError | None = None
        for address in await self._hosts.addresses(host, port):
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(address, port, limit=_CHUNK)
            except OSError as error:
                failure = error
        raise Refused(502, f"cannot connect to {host}:{port}: {failure}")

    async def _answer(self, status: int, detail: str) -> None:
        if self._inside.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        body = json.dumps({"detail": f"runner: {detail}"}).encode()
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self._writer.write(head.encode() + body)
        await self._writer.drain()


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.hostname and parts.port != 0 and parts.username is None
    except ValueError as error:
        raise Refused(400, f"not a URL this proxy understands: {error}") from error
    if not usable:
        raise Refused(400, "the URL needs a host, and no user name")
    return parts


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Without the headers of one connection, and those that `Connection` names (RFC 9110 §7.6.1)."""
    headers = list(headers)
    named = {token.strip().lower() for name, value in headers if name == b"connection" for token in value.split(b",")}
    named -= {b"content-length", b"transfer-encoding"}
    return [(name, value) for name, value in headers if name not in _HOP_BY_HOP | named]


async def _event(source: h11.Connection, reader: asyncio.StreamReader) -> h11.Event | type[h11.PAUSED]:
    while True:
        event = source.next_event()
        if event is not h11.NEED_DATA:
            return cast("h11.Event | type[h11.PAUSED]", event)
        async with asyncio.timeout(IDLE_SECONDS):
            source.receive_data(await reader.read(_CHUNK))


async def _relay(
    source: h11.Connection, reader: asyncio.StreamReader, sink: h11.Connection, writer: asyncio.StreamWriter
) -> None:
    """Pass on the body of one message, framed anew."""
    while isinstance(event := await _event(source, reader), h11.Data | h11.EndOfMessage):
        writer.write(sink.send(event) or b"")
        await writer.drain()
        if isinstance(event, h11.EndOfMessage):
            return
    raise EOFError


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        async with asyncio.timeout(IDLE_SECONDS):
            data = await reader.read(_CHUNK)
        if not data:
            break
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
