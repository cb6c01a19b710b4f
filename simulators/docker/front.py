"""Answers in the place of the container that bears the label `ccb.front`, as the files of its volume say.

Each hundred requests are shared exactly. The answer's JSON says which deployment they reached.
"""

import json
import time
from collections import deque
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.docker.host import Host

Object = dict[str, Any]


class Front:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._decks: dict[str, deque[str]] = {}

    async def answer(self, request: Request) -> Response:
        front = next((one for one in self._host.containers.values() if "ccb.front" in one["config"]["Labels"]), None)
        if front is None or front["status"] != "running":
            return Response(status_code=502)
        prefix, key, path = (request.path_params[name] for name in ("prefix", "key", "rest"))
        if prefix == "d":
            return self._served(key, f"/{path}", f"/d/{key}", [])
        mount = front["config"]["HostConfig"]["Mounts"][0]
        text = self._host.volumes[mount["Source"]]["files"].get(f"{key}.json")
        route: Object = json.loads(text) if text else {}
        if not route.get("live"):
            return Response(status_code=404)
        deck = self._decks.setdefault(f"{key} {text}", deque())
        if not deck:
            share = route.get("percent", 0)
            deck.extend([route["live"]] * (100 - share) + [route.get("candidate")] * share)
        chosen = deck.popleft()
        answer = self._served(chosen, f"/{path}", f"/i/{key}", _announced(route.get("notice")))
        failed = answer.status_code >= 500
        line = {"deployment": chosen, "ts": time.time(), "path": f"/{path}", "ms": 5.0, "failed": failed}
        self._host.write(front, "stdout", json.dumps(line))
        return answer

    def _served(self, deployment: str, path: str, prefix: str, said: list[tuple[str, str]]) -> Response:
        if not self._host.serves(deployment):
            return Response(status_code=503)
        headers = {"X-Forwarded-Prefix": prefix}
        answer = JSONResponse({"deployment": deployment, "path": path, "headers": headers})
        for name, value in said:
            answer.headers.append(name, value)
        return answer


def _announced(notice: Object | None) -> list[tuple[str, str]]:
    if notice is None:
        return []
    said = [("Deprecation", f"@{int(datetime.fromisoformat(notice['deprecated_at']).timestamp())}")]
    if notice.get("sunset_at"):
        said.append(("Sunset", format_datetime(datetime.fromisoformat(notice["sunset_at"]), usegmt=True)))
    return [*said, ("Link", f'<{notice["link"]}>; rel="deprecation"')] if notice.get("link") else said
