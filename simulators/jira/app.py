"""A stand-in for Jira Cloud, as a server.

The REST API is at `/rest/api/3/`. What people do and see is below `/_sim/jira/`: `POST issues`, `POST edit`,
`POST comments`, `POST delete`, `POST configure`, `POST redeliver`, `GET state`, `GET deliveries`. What is changed, by
the API too, is told to the configured webhook, as to one that an administrator registered with a secret.
"""

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.jira.api import Api
from simulators.jira.site import JiraError, Json, Site, document, plain
from simulators.kit.documents import Documents
from simulators.kit.hooks import HookRoutes, Hooks, compact, told

CONTROL = "/_sim/jira"


class Jira:
    """`config`: `email`, `token`, `webhook_secret`, and optionally `webhook_url`, `account` and `url` of the site."""

    def __init__(self, state_dir: Path, config: Mapping[str, Any]) -> None:
        store = Documents(state_dir / "jira.db")
        self._secret = str(config["webhook_secret"])
        base = str(config.get("url", "https://acme.atlassian.example"))
        self._site = Site(store, base=base, app=str(config.get("account", "ccb")))
        self.hooks = Hooks(store, config.get("webhook_url"), self._signed)
        self.api = Api(self._site, str(config["email"]), str(config["token"]), moved=self._moved_behind)
        self.api.commented = self._commented_behind

    def _signed(self, delivery: str, payload: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        body = compact(payload)
        signature = "sha256=" + hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Atlassian-Webhook-Identifier": delivery, "X-Atlassian-Webhook-Flow": "Primary"}
        return body, {**headers, "X-Hub-Signature": signature, "User-Agent": "Atlassian Webhook HTTP Client"}

    async def issues(self, request: Request) -> Response:
        """`{"user", "summary", "description"?, "labels"?}`."""
        asked = await request.json()
        user = self._site.user(asked["user"])
        made = self._site.new_issue(
            summary=asked["summary"], description=asked.get("description"), labels=asked.get("labels", []), user=user
        )
        return await self._told(made, _payload("jira:issue_created", user, issue=made))

    async def edit(self, request: Request) -> Response:
        """`{"user", "issue", "labels"?, "status"?}`: what is given is changed, in one deed."""
        asked = await request.json()
        user, issue = self._site.user(asked["user"]), self._site.issue(asked["issue"])
        fields, items = dict(issue["fields"]), []
        if "labels" in asked:
            before, after = " ".join(fields["labels"]), " ".join(asked["labels"])
            items.append(_item("labels", before, after))
            fields["labels"] = asked["labels"]
        if "status" in asked:
            status = self._site.status(asked["status"])
            items.append(_item("status", fields["status"]["name"], status["name"]))
            fields["status"] = status
        edited = self._site.save({**issue, "fields": fields})
        payload = _payload("jira:issue_updated", user, issue=edited, changelog={"id": "1", "items": items})
        return await self._told(edited, payload)

    async def delete(self, request: Request) -> Response:
        """`{"user", "issue"}`."""
        asked = await request.json()
        user, issue = self._site.user(asked["user"]), self._site.issue(asked["issue"])
        self._site.delete(issue)
        return await self._told(issue, _payload("jira:issue_deleted", user, issue=issue))

    async def comments(self, request: Request) -> Response:
        """`{"user", "issue", "body"}`, `body` as text."""
        asked = await request.json()
        user, issue = self._site.user(asked["user"]), self._site.issue(asked["issue"])
        made = self._site.new_comment(issue, document(asked["body"]), user, [])
        return await self._told(made, self._commented(made, issue))

    async def state(self, _: Request) -> Response:
        return JSONResponse(self._site.everything())

    def _moved_behind(self, issue: Json, status: Json) -> None:
        before = issue["fields"]["status"]["name"]
        moved = self._site.save({**issue, "fields": {**issue["fields"], "status": status}})
        changelog = {"id": "1", "items": [_item("status", before, status["name"])]}
        self.hooks.tell_behind(_payload("jira:issue_updated", self._site.app, issue=moved, changelog=changelog))

    def _commented_behind(self, comment: Json) -> None:
        self.hooks.tell_behind(self._commented(comment, self._site.issue(comment["issueId"])))

    def _commented(self, comment: Json, issue: Json) -> Json:
        shown = {name: comment[name] for name in ("id", "author", "updateAuthor", "created", "updated")}
        some = {name: issue["fields"][name] for name in ("summary", "project", "status")}
        about = {**issue, "fields": some}
        return {
            "timestamp": int(time.time() * 1000),
            "webhookEvent": "comment_created",
            "comment": {**shown, "body": plain(comment["body"]), "jsdPublic": True},
            "issue": about,
            "eventType": "primaryAction",
        }

    async def _told(self, result: Json, payload: Json) -> Response:
        return JSONResponse(told(result, await self.hooks.tell(payload)))


def _payload(event: str, user: Json, **more: Json) -> Json:
    return {"timestamp": int(time.time() * 1000), "webhookEvent": event, "user": user, **more}


def _item(field: str, before: str, after: str) -> Json:
    about = {"field": field, "fieldtype": "jira", "fieldId": field, "from": None, "to": None}
    return {**about, "fromString": before, "toString": after}


def create_app(state_dir: Path, config: Mapping[str, Any]) -> Starlette:
    jira = Jira(state_dir, config)
    common = HookRoutes(jira.hooks)
    control: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("POST", "issues", jira.issues),
        ("POST", "edit", jira.edit),
        ("POST", "delete", jira.delete),
        ("POST", "comments", jira.comments),
        ("POST", "configure", common.configure),
        ("POST", "redeliver", common.redeliver),
        ("GET", "deliveries", common.deliveries),
        ("GET", "state", jira.state),
    ]
    routes = [Route(f"{CONTROL}/{path}", endpoint, methods=[method]) for method, path, endpoint in control]
    routes += [
        Route(f"/rest/api/3/{path}", jira.api.guarded(handler), methods=[method])
        for method, path, handler in jira.api.routes
    ]
    return Starlette(routes=routes, exception_handlers={JiraError: _refuse})


async def _refuse(_: Request, error: Exception) -> Response:
    if not isinstance(error, JiraError):
        raise error
    return JSONResponse(error.body, error.status)
