"""Start the integration as the runner would, with the outside API replaced by a stub, and measure. Runs in the jail.

What other work on the machine adds is taken off the times (machine.py), and the best of some rounds counts: other work
can make a round slow, and none can make it fast. Another round is only made when the first was over a limit.

Prints what `Measured` in measures.py describes.
"""

import asyncio
import ctypes
import json
import math
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from adapters.validation.performance.machine import Clock, memory
from adapters.validation.performance.samples import sample
from adapters.validation.performance.starting import ADDRESS, ROUNDS, best_start, said, stop
from adapters.validation.performance.wire import Ask, Connection, Stub

_TARGET_SECONDS = 20.0
_PR_SET_DUMPABLE = 4


def main(given: dict[str, Any]) -> None:
    # The integration may be hostile: it shall not reach into this process by /proc, where its figures could be forged.
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError("prctl")
    json.dump(asyncio.run(_measured(given)), sys.stdout)


async def _measured(given: dict[str, Any]) -> dict[str, Any]:
    end = time.monotonic() + given["seconds"]
    stub = Stub()
    base_url = await stub.start()
    proxies = {f"{scheme}_proxy": base_url for scheme in ("http", "https", "all")}
    environment = {**proxies, "no_proxy": "127.0.0.1", **given["environment"], "BASE_URL": base_url}
    starts = await best_start(given, environment, end)
    measured: dict[str, Any] = {
        "python": platform.python_version(),
        "processors": len(os.sched_getaffinity(0)),
        "machine": platform.machine(),
        "requests": given["requests"],
        "rate": given["rate"],
        "concurrency": given["concurrency"],
        "starts": len(starts),
        "import_seconds": min((one.imported for one in starts), default=None),
        "startup_seconds": min((one.answered for one in starts), default=None),
        "said": said(),
    }
    if not starts:
        return measured | {"memory_mib": 0, "peak_memory_mib": 0, "health": None, "routes": [], "past_base_url": []}
    server = given["server"] = starts[-1].server.pid
    try:
        document = await own_document()
        health = await _load(Ask("get", given["health"]), given, given["health_p95_ms"], end)
        routes = [await _route(route, document, stub, given, end) for route in given["routes"]]
        resident, peak = memory(server)
    finally:
        await stop(starts[-1].server)
    return measured | {
        "memory_mib": resident,
        "peak_memory_mib": peak,
        "health": {"method": "get", "route": given["health"], "note": "", **health},
        "routes": routes,
        "past_base_url": sorted(stub.past_base_url),
    }


async def own_document() -> dict[str, Any]:
    """The integration's own OpenAPI document; an empty one if it has none."""
    connection = Connection(ADDRESS)
    try:
        answer = await connection.ask(Ask("get", "/openapi.json"), _TARGET_SECONDS)
        document = json.loads(answer.body)
        return document if isinstance(document, dict) and answer.status == 200 else {}
    except (OSError, EOFError, ValueError, TimeoutError, RecursionError):
        return {}
    finally:
        connection.close()


async def _route(
    route: dict[str, Any], document: dict[str, Any], stub: Stub, given: dict[str, Any], end: float
) -> dict[str, Any]:
    """Measured with the first answer of the outside API that the route makes something of."""
    about = {"method": route["method"], "route": route["route"]}
    operation = under(document, "paths", route["route"], route["method"])
    ask = asked(route, operation, document)
    status = 0
    for code, body in _answers_for(operation, document):
        stub.answers(code, body)
        connection = Connection(ADDRESS)
        try:
            answer = await connection.ask(ask, _TARGET_SECONDS)
            status = answer.status
        except (OSError, EOFError, ValueError, TimeoutError):
            status = 0
        finally:
            connection.close()
        if 200 <= status < 300 or time.monotonic() > end:
            break
    before = stub.requests
    loaded = await _load(ask, given, given["route_p95_ms"], end)
    note = "" if stub.requests > before else "it did not call the outside API"
    if loaded["answered"] < given["requests"]:
        note = f"there was time for {loaded['answered']} of {given['requests']} requests"
    if not 200 <= status < 300:
        note = f"it answered {status}" if status else "it did not answer"
    return about | loaded | {"note": note}


def asked(route: dict[str, Any], operation: dict[str, Any], document: dict[str, Any]) -> Ask:
    """The manifest's example, or what the integration's document says of parameters and body."""
    path = route["example"] if route["example"] and route["method"] == "get" else route["route"]
    query, headers = [], []
    for parameter in operation.get("parameters", []):
        name, value = str(parameter.get("name")), _text(sample(parameter.get("schema", {}), document))
        path = path.replace(f"{{{name}}}", value)
        if parameter.get("in") == "query" and parameter.get("required") and f"{name}=" not in path:
            query.append(f"{name}={value}")
        elif parameter.get("in") == "header" and parameter.get("required"):
            headers.append(f"{_text(name)}: {value}")
    path = re.sub(r"\{[^}]*\}", "1", path)
    if query:
        path += f"{'&' if '?' in path else '?'}{'&'.join(query)}"
    media = next(iter(under(operation, "requestBody", "content").items()), None)
    if media is None:
        return Ask(route["method"], path, headers=tuple(headers))
    body = sample(under(media[1], "schema"), document)
    data = json.dumps(body).encode() if "json" in media[0] else b"text"
    return Ask(route["method"], path, data, media[0], tuple(headers))


def _answers_for(operation: dict[str, Any], document: dict[str, Any]) -> Iterable[tuple[int, bytes]]:
    """What the outside API may answer: the like of what the route answers, then plainer things."""
    responses = under(operation, "responses")
    good = next((int(code) for code in responses if re.fullmatch(r"2\d\d", code)), 200)
    schema = under(responses, str(good), "content", "application/json", "schema")
    if schema:
        yield 200, json.dumps(sample(schema, document)).encode()
    yield from ((200, b"{}"), (200, b"[]"), (204, b""), (200, b'"text"'))


async def _load(ask: Ask, given: dict[str, Any], limit_ms: float, end: float) -> dict[str, Any]:
    best: dict[str, Any] = {}
    for _ in range(ROUNDS):
        found = await _round(ask, given, end)
        if not best or found["p95_ms"] < best["p95_ms"]:
            best = found
        if best["p95_ms"] <= limit_ms or time.monotonic() > end:
            break
    return best


async def _round(ask: Ask, given: dict[str, Any], end: float) -> dict[str, Any]:
    """So many requests, so many a second, whether or not the earlier ones are answered: at most so many at once.

    The pace and the times are of a clock that stands while integration or sender wait for a processor. A request that
    is due while all connections wait counts from then: an integration that falls behind cannot hide it by being slow
    to take the next (coordinated omission).
    """
    end = min(end, time.monotonic() + _TARGET_SECONDS)
    due = iter([number / given["rate"] for number in range(given["requests"])])
    times: list[float] = []
    statuses: dict[str, int] = {}

    async def ask_on(since: Callable[[], Clock]) -> None:
        connection = Connection(ADDRESS)
        for at in due:
            started = await _turn(at, since, end)
            if time.monotonic() > end:
                break
            try:
                status = str((await connection.ask(ask, _TARGET_SECONDS)).status)
            except (OSError, EOFError, ValueError, TimeoutError):
                status = "none"
            times.append(max(0.0, since().own - started))
            statuses[status] = statuses.get(status, 0) + 1
        connection.close()

    with Clock.started(os.getpid(), given["server"]) as since:
        await asyncio.gather(*(ask_on(since) for _ in range(given["concurrency"])))
        held_back = since().held_back
    times.sort()
    return {
        "answered": len(times),
        "p50_ms": _percentile(times, 0.5),
        "p95_ms": _percentile(times, 0.95),
        "statuses": statuses,
        "held_back": held_back,
    }


async def _turn(at: float, since: Callable[[], Clock], end: float) -> float:
    """Wait until a request is due, if it is not yet; since when its time counts: what we overslept is not its own."""
    if (now := since().own) >= at:
        return at
    while now < at and time.monotonic() <= end:
        await asyncio.sleep(at - now)
        now = since().own
    return now


def _percentile(times: list[float], share: float) -> float:
    """By nearest rank, in milliseconds."""
    return times[math.ceil(share * len(times)) - 1] * 1000 if times else 0.0


def _text(value: object) -> str:
    value = value[0] if isinstance(value, list) and value else value
    return re.sub(r"[^A-Za-z0-9_.:-]", "", value if isinstance(value, str) else json.dumps(value)) or "1"


def under(value: object, *names: str) -> dict[str, Any]:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
