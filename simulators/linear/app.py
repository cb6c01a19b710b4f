"""A stand-in for Linear, as a server.

The GraphQL API is at `/graphql`. What people do and see is below `/_sim/linear/`: `POST issues`, `POST edit`,
`POST comments`, `POST projects`, `POST configure`, `POST redeliver`, `GET state`, `GET deliveries`. What is changed,
by the API too, is told to the configured webhook.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.kit.documents import Documents
from simulators.kit.hooks import HookRoutes, Hooks, compact, told
from simulators.linear import graphql
from simulators.linear.api import Api
from simulators.linear.graphql import BadQuery
from simulators.linear.workspace import Json, LinearError, Workspace, now

CONTROL = "/_sim/linear"
_AUTHENTICATION = {
    "message": "Authentication required, not authenticated",
    "extensions": {"code": "AUTHENTICATION_ERROR", "type": "authentication error", "userError": True},
}


class Linear:
    """`config`: `token`, `webhook_secret`, and optionally `webhook_url` and `account`, whose the token is."""

    def __init__(self, state_dir: Path, config: Mapping[str, Any]) -> None:
        store = Documents(state_dir / "linear.db")
        self._token = str(config["token"])
        self._secret = str(config["webhook_secret"])
        self._workspace = Workspace(store, app=str(config.get("account", "ccb")))
        self.hooks = Hooks(store, config.get("webhook_url"), self._signed)

    def _signed(self, delivery: str, payload: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        at = int(time.time() * 1000)
        body = compact({**payload, "webhookTimestamp": at})
        signature = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Linear-Delivery": delivery, "Linear-Event": str(payload["type"]), "Linear-Timestamp": str(at)}
        return body, {**headers, "Linear-Signature": signature, "User-Agent": "Linear-Webhook"}

    async def call(self, request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return JSONResponse({"errors": [_AUTHENTICATION]}, 401)
        api = Api(self._workspace)
        try:
            asked = json.loads(await request.body())
            data = api.run(graphql.read(str(asked["query"]), asked.get("variables") or {}))
        except LinearError as error:
            return JSONResponse({"errors": [error.body], "data": None})
        except (BadQuery, ValueError, KeyError, TypeError) as error:
            wrong = {
                "message": str(error),
                "extensions": {"code": "GRAPHQL_VALIDATION_FAILED", "type": "graphql error"},
            }
            return JSONResponse({"errors": [wrong]}, 400)
        if api.changes:
            self.hooks.tell_behind(*api.changes)
        return JSONResponse({"data": data})

    async def issues(self, request: Request) -> Response:
        """`{"user", "title", "description"?, "labels"?, "project"?}`."""
        asked = await request.json()
        user = self._workspace.user(asked["user"])
        made = self._workspace.new_issue(
            title=asked["title"],
            description=asked.get("description", ""),
            labels=asked.get("labels", []),
            project=asked.get("project"),
            creator=user,
        )
        return await self._told(made, self._workspace.told("Issue", "create", made, user))

    async def edit(self, request: Request) -> Response:
        """`{"user", "issue", "labels"?, "state"?, "project"?, "trashed"?, "description"?}`: given is changed."""
        asked = await request.json()
        user, issue = self._workspace.user(asked["user"]), self._workspace.issue(asked["issue"])
        changes = self._changes(asked)
        before = {name: issue[name] for name in changes if isinstance(issue[name], str | list | bool | None)}
        before = {name: value for name, value in before.items() if name not in {"labels", "state", "project"}}
        edited = self._workspace.save({**issue, **changes})
        payload = self._workspace.told("Issue", "update", edited, user, {**before, "updatedAt": issue["updatedAt"]})
        return await self._told(edited, payload)

    def _changes(self, asked: Json) -> Json:
        changes: Json = {name: asked[name] for name in ("trashed", "description") if name in asked}
        if "labels" in asked:
            labels = [self._workspace.label(name) for name in asked["labels"]]
            changes |= {"labels": labels, "labelIds": [label["id"] for label in labels]}
        if "state" in asked:
            state = self._workspace.state(asked["state"])
            changes |= {"state": state, "stateId": state["id"]}
        if "project" in asked:
            project = self._workspace.project(asked["project"]) if asked["project"] else None
            changes |= {"project": project, "projectId": project["id"] if project else None}
        return changes

    async def comments(self, request: Request) -> Response:
        """`{"user", "issue", "body"}`."""
        asked = await request.json()
        user, issue = self._workspace.user(asked["user"]), self._workspace.issue(asked["issue"])
        made = self._workspace.new_comment(issue, asked["body"], user)
        return await self._told(made, self._workspace.told_comment("create", made, issue, user))

    async def projects(self, request: Request) -> Response:
        """`{"user", "name", "canceled"?}`: a project is changed."""
        asked = await request.json()
        user, project = self._workspace.user(asked["user"]), self._workspace.project(asked["name"])
        canceled = now() if asked.get("canceled") else None
        data = {**project, "canceledAt": canceled}
        return await self._told(data, self._workspace.told("Project", "update", data, user, {"canceledAt": None}))

    async def state(self, _: Request) -> Response:
        return JSONResponse(self._workspace.everything())

    async def _told(self, result: Json, payload: Json) -> Response:
        return JSONResponse(told(result, await self.hooks.tell(payload)))


def create_app(state_dir: Path, config: Mapping[str, Any]) -> Starlette:
    linear = Linear(state_dir, config)
    common = HookRoutes(linear.hooks)
    control: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("POST", "issues", linear.issues),
        ("POST", "edit", linear.edit),
        ("POST", "comments", linear.comments),
        ("POST", "projects", linear.projects),
        ("POST", "configure", common.configure),
        ("POST", "redeliver", common.redeliver),
        ("GET", "deliveries", common.deliveries),
        ("GET", "state", linear.state),
    ]
    routes = [Route(f"{CONTROL}/{path}", endpoint, methods=[method]) for method, path, endpoint in control]
    routes.append(Route("/graphql", linear.call, methods=["POST"]))
    return Starlette(routes=routes, exception_handlers={LinearError: _refuse})


async def _refuse(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 422)
