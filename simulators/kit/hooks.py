"""Webhooks of a tracker: what people and the app do is told to a receiver, signed as the vendor signs it."""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.kit.documents import Documents

TIMEOUT = 10.0
"""Seconds that a receiver is given; vendors give five to twenty."""

Signed = Callable[[str, Mapping[str, Any]], tuple[bytes, dict[str, str]]]
"""The body and the headers of a delivery, by its id and what it says. Made anew for each attempt."""


class Hooks:
    """Keeps deliveries and sends them, at once or behind an answer."""

    def __init__(self, store: Documents, url: str | None, signed: Signed) -> None:
        self._store = store
        self._signed = signed
        self._sending: set[asyncio.Task[Any]] = set()
        self._url = url

    def configure(self, url: str | None) -> None:
        self._url = url

    async def tell(self, *payloads: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Send each, one after another; how the receiver answered, status 0 if it did not."""
        return [await self._send(self._kept(payload)) for payload in payloads]

    def tell_behind(self, *payloads: Mapping[str, Any]) -> None:
        """Send them when what caused them was answered: who caused them may be the receiver."""
        task = asyncio.create_task(self.tell(*payloads))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def again(self, delivery: str) -> dict[str, Any] | None:
        """The delivery once more, under its id, as a vendor retries it."""
        kept = self._store.get("delivery", delivery)
        return None if kept is None else await self._send(kept)

    def everything(self) -> list[dict[str, Any]]:
        """Every delivery so far, the oldest first."""
        return self._store.all("delivery")

    def _kept(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        delivery = str(uuid.uuid4())
        kept = {"id": delivery, "payload": dict(payload), "status": None}
        self._store.put("delivery", delivery, kept)
        return kept

    async def _send(self, kept: dict[str, Any]) -> dict[str, Any]:
        if self._url is None:
            return kept
        body, headers = self._signed(kept["id"], kept["payload"])
        headers = {"Content-Type": "application/json", **headers}
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http:
                answer = await http.post(self._url, content=body, headers=headers)
            status = answer.status_code
        except httpx.HTTPError:
            status = 0
        kept = {**kept, "status": status}
        self._store.put("delivery", kept["id"], kept)
        return kept


class HookRoutes:
    """What is the same for each vendor with hooks: `configure`, `redeliver`, `deliveries`."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    async def configure(self, request: Request) -> Response:
        """`{"webhook_url"}`, null for none."""
        self._hooks.configure((await request.json())["webhook_url"])
        return JSONResponse({})

    async def redeliver(self, request: Request) -> Response:
        """`{"delivery_id"}`."""
        sent = await self._hooks.again((await request.json())["delivery_id"])
        return JSONResponse({"error": "no such delivery"}, 404) if sent is None else JSONResponse(told(None, [sent]))

    async def deliveries(self, _: Request) -> Response:
        return JSONResponse({"deliveries": self._hooks.everything()})


def told(result: Any, sent: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    """How a person's deed is answered: what it made, and what became of its deliveries."""
    first = sent[0] if sent else {"id": None, "status": None}
    brief = [{"id": one["id"], "status": one["status"]} for one in sent]
    return {"result": result, "deliveries": brief, "delivery_id": first["id"], "status": first["status"]}


def compact(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
