"""The simulated GitHub as an ASGI app: its REST API, and below `/_sim/github` the people who act."""

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulators.github import people, routes_apps, routes_git, routes_issues, routes_pulls, routes_repo, webhooks
from simulators.github.auth import authenticate
from simulators.github.context import ApiError, Context, Handler, Missing, Reply, not_found
from simulators.github.models import Config, Delivery, Json
from simulators.github.store import Store

_API = [
    *routes_apps.ROUTES,
    *routes_git.ROUTES,
    *routes_issues.ROUTES,
    *routes_pulls.ROUTES,
    *routes_repo.ROUTES,
]
_HOUR = 3600

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(state_dir: Path, config: Mapping[str, Any]) -> Starlette:
    """GitHub at any mount; `config` as in `models.Config`."""
    return GitHub(Store(state_dir), Config.model_validate(config)).app()


class GitHub:
    """Handlers run one at a time on the event loop, each in one transaction, so each request is all or nothing."""

    def __init__(self, store: Store, config: Config) -> None:
        self._store = store
        self._config = config
        self._sender = webhooks.Sender(config, store)
        self._used: dict[str, tuple[int, int]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    def app(self) -> Starlette:
        setup = self._context("http://127.0.0.1", "/", {}, {}, {}, self._config.bot)
        with self._store.transaction():
            for name in [self._config.repository, *self._config.repositories]:
                people.ensure_repository(setup, name)
        routes: list[BaseRoute] = [Route("/rate_limit", self._rate_limit)]
        routes += [Route(path, self._acting(handler), methods=[method]) for method, path, handler in people.ROUTES]
        routes += [Route(path, self._answering(handler), methods=[method]) for method, path, handler in _API]
        routes.append(
            Route("/{rest:path}", self._answering(_nothing), methods=["GET", "POST", "PATCH", "PUT", "DELETE"])
        )
        return Starlette(routes=routes)

    def _context(
        self, origin: str, path: str, params: Json, query: Mapping[str, str], body: Json, acting: str
    ) -> Context:
        return Context(
            store=self._store,
            config=self._config,
            origin=origin,
            path=path,
            params=params,
            query=query,
            body=body,
            acting=acting,
        )

    def _answering(self, handler: Handler) -> Endpoint:
        """A handler of the API: authenticated, counted, its webhooks sent after the answer."""

        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            limits: dict[str, str] = {}
            try:
                login = authenticate(request.headers.get("authorization"), config=self._config, store=self._store)
                limits = self._count(login)
                ctx = self._of(request, _parsed(raw), login)
                reply = self._run(handler, ctx)
            except ApiError as error:
                reply, ctx = Reply(error.body, error.status, error.headers), None
            if ctx is not None and ctx.deliveries:
                task = asyncio.create_task(self._send_all(ctx.deliveries))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
            return _response(request, reply, limits)

        return endpoint

    def _acting(self, handler: Handler) -> Endpoint:
        """A handler of the people: not authenticated, answers when its webhooks are answered."""

        async def endpoint(request: Request) -> Response:
            try:
                body = _parsed(await request.body())
                ctx = self._of(request, body, str(body.pop("user", "alice")))
                reply = self._run(handler, ctx)
            except ApiError as error:
                return _response(request, Reply(error.body, error.status), {})
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                return _response(request, Reply({"message": f"bad body: {error!r}"}, 422), {})
            if request.method == "GET":
                return _response(request, reply, {})
            # What the bot did before is told before.
            await asyncio.gather(*self._sending)
            sent = [people.summary(await self._sender.send(delivery)) for delivery in ctx.deliveries]
            first = sent[0] if sent else {"id": None, "status": None}
            body = {"result": reply.body, "deliveries": sent, "delivery_id": first["id"], "status": first["status"]}
            return _response(request, Reply(body, 200), {})

        return endpoint

    def _of(self, request: Request, body: Json, acting: str) -> Context:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        origin = f"{request.url.scheme}://{request.headers.get('host', '127.0.0.1')}"
        return self._context(origin, path, dict(request.path_params), dict(request.query_params), body, acting)

    def _run(self, handler: Handler, ctx: Context) -> Reply:
        try:
            with self._store.transaction():
                return handler(ctx)
        except Missing:
            raise not_found() from None

    async def _send_all(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            await self._sender.send(delivery)

    def _limits(self, login: str) -> tuple[int, int]:
        """Requests used in this hour, and when it ends (seconds since the epoch)."""
        used, reset = self._used.get(login, (0, 0))
        return (used, reset) if reset > time.time() else (0, int(time.time()) + _HOUR)

    def _count(self, login: str) -> dict[str, str]:
        used, reset = self._limits(login)
        limit = self._config.rate_limit
        self._used[login] = (min(used + 1, limit), reset)
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(limit - used - 1, 0)),
            "X-RateLimit-Used": str(min(used + 1, limit)),
            "X-RateLimit-Reset": str(reset),
            "X-RateLimit-Resource": "core",
        }
        if used >= limit:
            raise ApiError(403, f"API rate limit exceeded for user ID {login}.", headers=headers)
        return headers

    async def _rate_limit(self, request: Request) -> Response:
        """Does not count against the limit."""
        try:
            login = authenticate(request.headers.get("authorization"), config=self._config, store=self._store)
        except ApiError as error:
            return _response(request, Reply(error.body, error.status), {})
        used, reset = self._limits(login)
        limit = self._config.rate_limit
        rate = {"limit": limit, "remaining": limit - used, "reset": reset, "used": used, "resource": "core"}
        search = {"limit": 30, "remaining": 30, "reset": reset, "used": 0, "resource": "search"}
        return _response(request, Reply({"resources": {"core": rate, "search": search}, "rate": rate}), {})


def _nothing(_: Context) -> Reply:
    raise not_found()


def _parsed(raw: bytes) -> Json:
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise ApiError(400, "Problems parsing JSON") from None
    if not isinstance(body, dict):
        raise ApiError(400, "Body should be a JSON object")
    return body


def _response(request: Request, reply: Reply, limits: Mapping[str, str]) -> Response:
    """The answer with GitHub's headers; 304 if the asker has it already."""
    content = b"" if reply.body is None else json.dumps(reply.body, ensure_ascii=False).encode()
    headers = {
        "Server": "github.com",
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-GitHub-Api-Version-Selected": "2022-11-28",
        "X-GitHub-Request-Id": secrets.token_hex(8).upper(),
        **limits,
        **reply.headers,
    }
    if request.method == "GET" and reply.status == 200:
        headers["ETag"] = f'W/"{hashlib.sha256(content).hexdigest()}"'
        headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
    media_type = "application/json; charset=utf-8" if content else None
    return Response(content, reply.status, headers, media_type)
