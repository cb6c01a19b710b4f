"""A stand-in for Anthropic's Messages API, as a server.

It checks requests, counts tokens, caches prompts, limits rates, streams and bills as the published API does; what it
says comes from `simulators.claude.brain`. Tests and demonstrations also have `POST /script` (answers to give next,
before the brain is asked), `POST /forget` (drops them), `POST /limit` (other rate limits) and `GET /billing` (what was
really bought), also below `/_sim/claude`.
"""

import asyncio
import hmac
import json
import secrets
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.claude import brain, rendering, validation
from simulators.claude.accounting import Ledger, PromptCache, Usage, count
from simulators.claude.errors import ApiError, invalid
from simulators.claude.limits import Limits
from simulators.claude.models import MODELS
from simulators.claude.streaming import EventStream, scripted_error

_ANSWERS = {"content", "error"}
CONTROL = ("", "/_sim/claude")
MAX_BODY_BYTES = 32 * 1024 * 1024


class Api:
    """The routes. `config`: `api_key`, and optionally the limits that `Limits` names."""

    def __init__(self, state_dir: Path, config: Mapping[str, Any]) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self._key = str(config["api_key"])
        self._limits = Limits(config)
        self._cache = PromptCache()
        self._ledger = Ledger(state_dir / "claude.db")
        self._script: deque[dict[str, Any]] = deque()

    async def messages(self, request: Request) -> Response:
        request.state.limits = self._limits
        self._authenticate(request)
        body = validation.check(await _json(request))
        total = count(body)
        window = MODELS[body["model"]].max_input_tokens
        if total > window:
            raise invalid(f"prompt is too long: {total} tokens > {window} maximum")
        expected = self._cache.look(self._key, body)
        self._limits.admit(expected.input_tokens + expected.cache_creation_input_tokens)
        scripted = self._next(await request.body())
        if scripted is not None and "error" in scripted and "error_after_events" not in scripted:
            raise scripted_error(scripted["error"])
        usage = self._cache.charge(self._key, body)
        reply = await self._reply(body, scripted, usage)
        self._ledger.begin(reply.id, reply.model, usage)
        headers = {"request-id": _request_id(request), **self._limits.headers(), **(scripted or {}).get("headers", {})}
        if body.get("stream"):
            return EventStream(reply, scripted or {}, ledger=self._ledger, limits=self._limits, headers=headers)
        self._ledger.end(reply.id, reply.output_tokens, cut=False)
        self._limits.generated(reply.output_tokens)
        return JSONResponse(reply.message(), headers=headers)

    def _next(self, body: bytes) -> dict[str, Any] | None:
        """The first scripted answer that is meant for this request."""
        text = body.decode(errors="replace")
        found = next((entry for entry in self._script if entry.get("match", "") in text), None)
        if found is not None:
            self._script.remove(found)
        return found

    async def _reply(self, body: dict[str, Any], scripted: dict[str, Any] | None, usage: Usage) -> rendering.Reply:
        if scripted is None:
            content = await asyncio.to_thread(brain.reply, body)
            return rendering.reply(body, content, stop_reason=None, usage=usage)
        return rendering.reply(body, scripted["content"], stop_reason=scripted.get("stop_reason"), usage=usage)

    async def count_tokens(self, request: Request) -> Response:
        self._authenticate(request)
        body = validation.check(await _json(request), counting=True)
        return JSONResponse({"input_tokens": count(body)}, headers={"request-id": _request_id(request)})

    async def models(self, request: Request) -> Response:
        self._authenticate(request)
        data = [model.described() for model in MODELS.values()]
        page = {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}
        return JSONResponse(page, headers={"request-id": _request_id(request)})

    async def model(self, request: Request) -> Response:
        self._authenticate(request)
        found = MODELS.get(request.path_params["model"])
        if found is None:
            raise ApiError("not_found_error", f"model: {request.path_params['model']}")
        return JSONResponse(found.described(), headers={"request-id": _request_id(request)})

    async def script(self, request: Request) -> Response:
        """Queue an answer, or several as `{"entries": […]}`: `{"content", "stop_reason", …faults}` or `{"error"}`.

        `match` keeps it for a request with these words in its body; `headers` are added to the answer's.
        """
        given = await _json(request)
        entries = given.get("entries", [given]) if isinstance(given, dict) else given
        if not isinstance(entries, list) or not all(isinstance(e, dict) and e.keys() & _ANSWERS for e in entries):
            raise invalid("script: each entry has `content` or `error`")
        self._script.extend(entries)
        return JSONResponse({"queued": len(self._script)})

    async def forget(self, _: Request) -> Response:
        self._script.clear()
        return JSONResponse({"queued": 0})

    async def limit(self, request: Request) -> Response:
        """Set other limits, as in `config`; those that are left out are as published."""
        given = await _json(request)
        if not isinstance(given, dict) or not all(isinstance(value, int) and value > 0 for value in given.values()):
            raise invalid("limit: numbers above 0 by name")
        self._limits = Limits(given)
        return JSONResponse(self._limits.headers())

    async def billing(self, request: Request) -> Response:
        return JSONResponse(self._ledger.totals())

    def _authenticate(self, request: Request) -> None:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        key = request.headers.get("x-api-key") or bearer
        if not key:
            raise ApiError("authentication_error", "x-api-key header is required")
        if not hmac.compare_digest(key.encode(), self._key.encode()):
            raise ApiError("authentication_error", "invalid x-api-key")
        if "anthropic-version" not in request.headers:
            raise invalid("anthropic-version: header is required")


def create_app(state_dir: Path, config: Mapping[str, Any]) -> Starlette:
    """The app, to be mounted at the base URL that the vendor's SDK is given."""
    api = Api(state_dir, config)
    routes = [
        Route("/v1/messages", api.messages, methods=["POST"]),
        Route("/v1/messages/count_tokens", api.count_tokens, methods=["POST"]),
        Route("/v1/models", api.models, methods=["GET"]),
        Route("/v1/models/{model}", api.model, methods=["GET"]),
        *(Route(f"{prefix}/script", api.script, methods=["POST"]) for prefix in CONTROL),
        *(Route(f"{prefix}/forget", api.forget, methods=["POST"]) for prefix in CONTROL),
        *(Route(f"{prefix}/limit", api.limit, methods=["POST"]) for prefix in CONTROL),
        *(Route(f"{prefix}/billing", api.billing, methods=["GET"]) for prefix in CONTROL),
    ]
    return Starlette(routes=routes, exception_handlers={ApiError: _answer_error, Exception: _answer_bug})


async def _answer_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return error.response(_request_id(request), _limits(request))


async def _answer_bug(request: Request, error: Exception) -> Response:
    bug = ApiError("api_error", f"Internal server error ({type(error).__name__})")
    return bug.response(_request_id(request), _limits(request))


def _limits(request: Request) -> dict[str, str]:
    """The headers that tell of rate limits, where the request counts against them."""
    limits: Limits | None = getattr(request.state, "limits", None)
    return limits.headers() if limits is not None else {}


async def _json(request: Request) -> object:
    data = await request.body()
    if len(data) > MAX_BODY_BYTES:
        raise ApiError("request_too_large", "Request exceeds the maximum size")
    try:
        return json.loads(data)
    except ValueError as error:
        raise invalid(f"The request body is not valid JSON: {error}") from error


def _request_id(request: Request) -> str:
    if not hasattr(request.state, "request_id"):
        request.state.request_id = f"req_{secrets.token_hex(12)}"
    return str(request.state.request_id)
