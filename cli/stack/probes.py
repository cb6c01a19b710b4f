"""Real round trips: an open port is not a server that is ready."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from cli.stack.part import NotReady, Probe

_TIMEOUT = 2.0


def http(url: str, *, ok: Callable[[int], bool] = lambda status: status == 200) -> Probe:
    """Ready when `GET url` answers with a status that is `ok`."""

    async def probe(_: float) -> None:
        try:
            # Not through a proxy of the environment: this is loopback.
            async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
                status = (await client.get(url)).status_code
        except httpx.HTTPError as error:
            raise NotReady(f"{url} does not answer ({type(error).__name__})") from error
        if not ok(status):
            raise NotReady(f"{url} answers HTTP {status}")

    return probe


def valkey(port: int, password: str) -> Probe:
    """Ready when PING is answered after AUTH (RESP, inline commands)."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(f"AUTH {password}\r\nPING\r\n".encode())
        await writer.drain()
        return await reader.readline() + await reader.readline()

    return _tcp(port, ask, b"+OK\r\n+PONG\r\n")


def _tcp(
    port: int, ask: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]], wanted: bytes
) -> Probe:
    async def probe(_: float) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    answer = await ask(reader, writer)
                finally:
                    writer.close()
        except OSError as error:  # which TimeoutError is
            raise NotReady(f"port {port} does not answer") from error
        if answer != wanted:
            raise NotReady(f"port {port} answers something else")

    return probe
