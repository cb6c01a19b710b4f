"""A load: so many connections, each with one request under way, open for so long.

A client library would take more of the processors than what is measured, so requests are bytes that were made before.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

Next = Callable[[], bytes]
"""The next request, whole."""


class Refused(Exception):
    """Something was answered that is no success: what was timed is not what was meant."""


@dataclass
class Loaded:
    """`latencies` of the requests that were answered within `seconds`; `processor` seconds that the server took."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    processor: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


def processor_us(rounds: Sequence[Loaded]) -> float:
    """Microseconds of a processor for one request: what is left to compare where others keep the machine busy."""
    return sum(one.processor for one in rounds) / max(1, sum(len(one.latencies) for one in rounds)) * 1e6


async def load(port: int, following: Next, *, connections: int, seconds: float) -> Loaded:
    """Raises Refused for an answer other than 2xx, OSError if nobody answers."""
    loop = asyncio.get_running_loop()
    found, until = Loaded(seconds), time.perf_counter() + seconds
    ends: list[asyncio.Future[None]] = []
    for _ in range(connections):
        end: asyncio.Future[None] = loop.create_future()
        await loop.create_connection(partial(_Connection, following, found, until, end), "127.0.0.1", port)
        ends.append(end)
    await asyncio.gather(*ends)
    return found


class _Connection(asyncio.Protocol):
    """Sends, reads one answer (RFC 9112, with Content-Length), sends again."""

    def __init__(self, following: Next, found: Loaded, until: float, end: asyncio.Future[None]) -> None:
        self._following = following
        self._found = found
        self._until = until
        self._end = end
        self._read = bytearray()
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send(transport)

    def _send(self, transport: asyncio.Transport) -> None:
        request = self._following()
        self._sent = time.perf_counter()
        transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head = self._read.find(b"\r\n\r\n")
        if head < 0 or self._transport is None:
            return
        answer = bytes(self._read[:head])
        if len(self._read) < head + 4 + _length(answer):
            return
        if not answer.startswith(b"HTTP/1.1 2"):
            self._finish(Refused(f"{self._read[:2000].decode(errors='replace')}"))
            return
        now = time.perf_counter()
        self._read.clear()
        if now > self._until:
            self._finish(None)
            return
        self._found.latencies.append(now - self._sent)
        self._send(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._end.done():
            self._end.set_exception(exc or Refused("The connection was closed in the middle of a request."))

    def _finish(self, error: Exception | None) -> None:
        if self._end.done():
            return
        if error is None:
            self._end.set_result(None)
        else:
            self._end.set_exception(error)
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise Refused(f"An answer without Content-Length: {head!r}")
