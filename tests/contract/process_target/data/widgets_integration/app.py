"""Routes that show what an integration may do and what it may not."""

import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import httpx
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

VERSION = "VERSION"
app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok", "name": "widgets", "version": VERSION}


@app.get("/widgets/{widget}")
async def widget(widget: str) -> Any:
    async with httpx.AsyncClient(base_url=os.environ["BASE_URL"], timeout=10) as client:
        answer = await client.get(
            f"/v1/widgets/{widget}", headers={"Authorization": f"Bearer {os.environ['API_TOKEN']}"}
        )
        return {"upstream_status": answer.status_code, "upstream": answer.json()}


@app.post("/elsewhere")
async def elsewhere(request: Request) -> dict[str, Any]:
    """Call any URL, through the proxy that the environment names."""
    order = await request.json()
    async with httpx.AsyncClient(timeout=10) as client:
        try:
            answer = await client.request(order.get("method", "GET"), order["url"], content=order.get("content"))
        except httpx.HTTPError as error:
            return {"error": type(error).__name__, "text": str(error)}
    return {"status": answer.status_code, "text": answer.text}


@app.post("/directly")
async def directly(request: Request) -> dict[str, str]:
    """Open a connection past the proxy."""
    order = await request.json()
    try:
        with socket.create_connection((order["host"], order["port"]), timeout=3):
            return {"result": "connected"}
    except OSError as error:
        return {"result": type(error).__name__}


@app.post("/raw")
async def raw(request: Request) -> dict[str, str]:
    """Send bytes to the proxy and tell what it answers."""
    answer = b""
    with socket.create_connection(("127.0.0.1", 3128), timeout=10) as proxy, suppress(ConnectionError):
        proxy.sendall(await request.body())
        while data := proxy.recv(65_536):
            answer += data
    return {"answer": answer.decode(errors="replace")}


@app.get("/say")
async def say(text: str) -> dict[str, str]:
    print(text)
    return {}


@app.get("/environment")
async def environment() -> dict[str, str]:
    return dict(os.environ)


@app.get("/reach")
def reach(path: str) -> dict[str, bool]:
    return {"exists": Path(path).exists()}


@app.api_route("/slow", methods=["GET", "POST"])
async def slow(request: Request, seconds: float) -> dict[str, str]:
    print(f"slow begins with {len(await request.body())}")
    await anyio.sleep(seconds)
    return {"version": VERSION}


@app.get("/die")
async def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        for number in range(5):
            yield f"{number}\n".encode()
            await anyio.sleep(0.05)

    return StreamingResponse(chunks(), media_type="text/plain", headers={"X-Version": VERSION})


@app.api_route("/echo/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def echo(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "path": request.scope["raw_path"].decode(),
        "query": request.url.query,
        "headers": dict(request.headers),
        "bytes": len(await request.body()),
    }
