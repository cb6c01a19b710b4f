"""A stand-in for Slack, as a server.

The Web API is at `/{method}`, to be mounted at the base URL that the vendor's SDK is given. What people do and see is
below `/_sim/slack/` (and `/_people/`): `POST click`, `command`, `submit`, `mention`, `home`, `event`, `verify`, `users`
and `configure`, `GET messages`, `responses` and `views`; `response/{token}` is where response URLs lead.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulators.slack import arguments
from simulators.slack.arguments import SlackError
from simulators.slack.calling import Calling
from simulators.slack.methods import Methods
from simulators.slack.modals import Filling
from simulators.slack.people import People
from simulators.slack.store import Store

CONTROL = "/_sim/slack"
PREFIXES = (CONTROL, "/_people")


class Workspace:
    """The routes. `config`: `token`, `signing_secret`, `callback_url`, maybe `command_url`, `event_url`, `channel`."""

    def __init__(self, state_dir: Path, config: Mapping[str, Any]) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self._token = str(config["token"])
        self._store = Store(state_dir / "slack.db")
        if config.get("channel"):
            self._store.ensure_channel(str(config["channel"]))
        self._methods = Methods(self._store)
        self._calling = Calling(config)
        self._people = People(self._store, self._calling)
        self._filling = Filling(self._store, self._calling, self._people)

    async def call(self, request: Request) -> Response:
        """A method of the Web API. Slack answers 200 also when it refuses."""
        given = await arguments.read(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or str(given.get("token", ""))
        if not token:
            raise SlackError("not_authed")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise SlackError("invalid_auth")
        method = self._methods.by_name.get(request.path_params["method"])
        if method is None:
            raise SlackError("unknown_method")
        return JSONResponse({"ok": True, **method(given)})

    async def click(self, request: Request) -> Response:
        return JSONResponse(await self._people.click(await request.json(), response_base=_response_base(request)))

    async def command(self, request: Request) -> Response:
        return JSONResponse(await self._people.command(await request.json(), response_base=_response_base(request)))

    async def submit(self, request: Request) -> Response:
        return JSONResponse(await self._filling.submit(await request.json()))

    async def mention(self, request: Request) -> Response:
        return JSONResponse(await self._people.mention(await request.json()))

    async def home(self, request: Request) -> Response:
        return JSONResponse(await self._people.home(await request.json()))

    async def event(self, request: Request) -> Response:
        return JSONResponse(await self._people.event(await request.json()))

    async def verify(self, request: Request) -> Response:
        return JSONResponse(await self._people.verify(await request.json()))

    async def configure(self, request: Request) -> Response:
        return JSONResponse(self._calling.configure(await request.json()))

    async def users(self, request: Request) -> Response:
        """`{"name"}`, and what else is to be known of them, such as `email` or `is_email_confirmed`."""
        about = await request.json()
        user = self._store.ensure_user(about.pop("name"))
        if about:
            self._store.describe_user(user["id"], about)
        return JSONResponse(self._store.user(user["id"]))

    async def views(self, request: Request) -> Response:
        """What is open before `?user=`, or before everybody, oldest first; with `?all=1` what was, too."""
        name = request.query_params.get("user")
        user = self._store.ensure_user(name)["id"] if name else None
        return JSONResponse({"views": self._store.views(user, still_open="all" not in request.query_params)})

    async def messages(self, request: Request) -> Response:
        """Every message ever posted, oldest first, deleted ones too; `?channel=` narrows."""
        channel = request.query_params.get("channel")
        found = self._store.channel(channel) if channel else None
        if channel and found is None:
            raise SlackError("channel_not_found")
        return JSONResponse({"messages": self._store.everything(found["id"] if found else None)})

    async def responses(self, _: Request) -> Response:
        """What was sent to response URLs and ephemerally, oldest first."""
        return JSONResponse({"responses": self._store.responses()})

    async def respond(self, request: Request) -> Response:
        try:
            self._people.respond(request.path_params["token"], json.loads(await request.body()))
        except SlackError as error:
            return PlainTextResponse(error.error, status_code=404)
        return PlainTextResponse("ok")


def create_app(state_dir: Path, config: Mapping[str, Any]) -> Starlette:
    workspace = Workspace(state_dir, config)
    control: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("POST", "click", workspace.click),
        ("POST", "command", workspace.command),
        ("POST", "submit", workspace.submit),
        ("POST", "mention", workspace.mention),
        ("POST", "home", workspace.home),
        ("POST", "event", workspace.event),
        ("POST", "verify", workspace.verify),
        ("POST", "configure", workspace.configure),
        ("POST", "users", workspace.users),
        ("GET", "views", workspace.views),
        ("GET", "messages", workspace.messages),
        ("GET", "responses", workspace.responses),
        ("POST", "response/{token}", workspace.respond),
    ]
    routes = [
        Route(f"{prefix}/{path}", endpoint, methods=[method])
        for prefix in PREFIXES
        for method, path, endpoint in control
    ]
    routes.append(Route("/{method}", workspace.call, methods=["GET", "POST"]))
    return Starlette(routes=routes, exception_handlers={SlackError: _refuse})


async def _refuse(request: Request, error: Exception) -> Response:
    if not isinstance(error, SlackError):
        raise error
    acting = any(f"{prefix}/" in request.url.path for prefix in PREFIXES)
    return JSONResponse(error.body(), status_code=422 if acting else 200)


def _response_base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{CONTROL}/response/"
