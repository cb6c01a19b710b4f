"""The ASGI middleware around each vendor's app: it keeps the journal and commits the faults."""

import asyncio
import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.kit.faults import Fault, Faults
from simulators.kit.journal import Journal
from simulators.kit.protocol import hang_up


class Simulated:
    """One vendor's app, journalled and breakable. Its path is what is below the mount (`root_path`)."""

    def __init__(self, app: ASGIApp, *, vendor: str, journal: Journal, faults: Faults) -> None:
        self._app = app
        self._vendor = vendor
        self._journal = journal
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        body = await _read(receive)
        agent = dict(scope["headers"]).get(b"user-agent", b"").decode("latin-1")
        query = scope["query_string"].decode()
        number = self._journal.begin(self._vendor, scope["method"], path, query, body, agent=agent)
        struck = self._faults.strike(scope["method"], path)
        for fault in struck:
            if fault.kind == "latency":
                await asyncio.sleep(fault.seconds)
        final = next((fault for fault in struck if fault.kind != "latency"), None)
        fault_name = final.kind if final else struck[0].kind if struck else None
        answer = _Answer(self._journal, number, fault_name, send, lost=final is not None and final.kind == "lose_reply")
        match final:
            case Fault(kind="drop"):
                self._journal.end(number, status=None, fault="drop")
                await hang_up(scope, receive)
            case Fault(kind="error"):
                await _answer_error(final, answer)
            case Fault(kind="lose_reply"):
                await self._app(scope, _Replay(body, receive), answer)
                await hang_up(scope, receive)
            case _:
                await self._app(scope, _Replay(body, receive), answer)


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while (message := await receive())["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts)


class _Replay:
    """Gives the app the body that was read for the journal, then whatever comes after."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """Passes the answer on, unless it is to be lost, and writes its status to the journal before it leaves."""

    def __init__(self, journal: Journal, number: int, fault: str | None, send: Send, *, lost: bool) -> None:
        self._journal = journal
        self._number = number
        self._fault = fault
        self._send = send
        self._lost = lost

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._journal.end(self._number, status=message["status"], fault=self._fault)
        if not self._lost:
            await self._send(message)


async def _answer_error(fault: Fault, send: Send) -> None:
    text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
    body = text.encode()
    kind = "text/html" if isinstance(fault.body, str) else "application/json"
    headers = {"content-type": kind, "content-length": str(len(body))}
    headers |= {name.lower(): value for name, value in fault.headers.items()}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
