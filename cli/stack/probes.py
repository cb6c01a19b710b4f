"""Real round trips: an open port is not a server that is ready.

Written on plain sockets: importing an HTTP client takes longer than most parts take to start.
"""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from cli.stack.part import NotReady, Probe

_TIMEOUT = 4.0


def http(url: str, *, ok: Callable[[int], bool] = lambda status: status == 200) -> Probe:
    """Ready when `GET url` answers with a status that is `ok`."""
    parts = urlsplit(url)
    request = f"GET {parts.path or '/'} HTTP/1.1\r\nhost: {parts.netloc}\r\nconnection: close\r\n\r\n"

    async def probe(_: float) -> None:
        (line,) = await _lines(parts.hostname or "", parts.port or 80, request, 1)
        words = line.split()
        if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
            raise NotReady(f"{url} does not answer HTTP")
        if not ok(int(words[1])):
            raise NotReady(f"{url} answers HTTP {int(words[1])}")

    return probe


def valkey(port: int, password: str) -> Probe:
    """Ready when PING is answered after AUTH (RESP, inline commands)."""

    async def probe(_: float) -> None:
        answers = await _lines("127.0.0.1", port, f"AUTH {password}\r\nPING\r\n", 2)
        if answers != [b"+OK\r\n", b"+PONG\r\n"]:
            raise NotReady(f"the server at port {port} does not take our password")

    return probe


async def _lines(host: str, port: int, request: str, count: int) -> list[bytes]:
    """Send `request`, read `count` lines."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request.encode())
                return [await reader.readline() for _ in range(count)]
            finally:
                writer.close()
    except (OSError, ValueError) as error:  # refused, out of time, or a line without an end
        raise NotReady(f"port {port} does not answer") from error
