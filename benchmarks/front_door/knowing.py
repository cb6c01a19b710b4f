"""`python -m benchmarks.front_door.knowing`: what it takes to know who asks and what they may, in microseconds.

One application with two routes, one of which needs a permission as the product's do: the difference between the two is
the dependency chain with an API key, from the header to the caller. No network is in it, but the database is.
"""

import asyncio
import os
import sys
import time
from statistics import median

from fastapi import FastAPI
from starlette.types import Message, Scope

from api.security import Reader
from api.wiring import ProcessSettings, open_services

KEY, TIMES = "FRONT_DOOR_KEY", "FRONT_DOOR_TIMES"
_WARM = 50


def _application() -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/open")
    async def everybody() -> None: ...

    @app.get("/closed")
    async def readers(_caller: Reader) -> None: ...

    return app


async def _asked(app: FastAPI, path: str, key: str) -> float:
    statuses: list[int] = []
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {key}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    began = time.perf_counter()
    await app(scope, receive, send)
    took = time.perf_counter() - began
    if statuses != [200]:
        raise RuntimeError(f"{path} was answered with {statuses}.")
    return took


async def measured(key: str, times: int) -> float:
    services = await open_services(ProcessSettings())
    try:
        app = _application()
        app.state.services = services
        known: list[float] = []
        for number in range(_WARM + times):
            nobody, somebody = await _asked(app, "/open", key), await _asked(app, "/closed", key)
            if number >= _WARM:
                known.append(somebody - nobody)
    finally:
        await services.close()
    return median(known) * 1e6


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(measured(os.environ[KEY], int(os.environ[TIMES])))}\n")
