"""The routes of the REST API, version 3, that clients of ours use."""

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.jira.site import JiraError, Json, Site, checked

_MOST = 20
"""Comments of a page: a server may give fewer than were asked for."""

Changed = Callable[[Json], None]
Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """As the account of `email` and `token`. `moved` and `commented` are told of what was done."""

    def __init__(self, site: Site, email: str, token: str, *, moved: Callable[[Json, Json], None]) -> None:
        self._site = site
        self._given = "Basic " + base64.b64encode(f"{email}:{token}".encode()).decode()
        self._moved = moved
        self.commented: Changed = lambda _: None

    @property
    def routes(self) -> list[tuple[str, str, Handler]]:
        issue = "issue/{issue}"
        return [
            ("GET", "myself", self._myself),
            ("GET", issue, self._issue),
            ("GET", f"{issue}/comment", self._comments),
            ("POST", f"{issue}/comment", self._comment),
            ("PUT", f"{issue}/comment/{{comment}}", self._edit),
            ("DELETE", f"{issue}/comment/{{comment}}", self._delete),
            ("POST", "comment/list", self._comments_by_id),
            ("GET", f"{issue}/transitions", self._transitions),
            ("POST", f"{issue}/transitions", self._transition),
            ("POST", f"{issue}/remotelink", self._link),
        ]

    def guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self._given.encode()):
                raise JiraError(401, "Client must be authenticated to access this resource.")
            return await handler(request)

        return guarded

    async def _myself(self, _: Request) -> Response:
        return JSONResponse(self._site.app)

    async def _issue(self, request: Request) -> Response:
        return JSONResponse(self._found(request))

    async def _comments(self, request: Request) -> Response:
        """Without properties, which only the list by id has."""
        found = self._site.comments(self._found(request)["id"])
        if request.query_params.get("orderBy") == "-created":
            found.reverse()
        start, most = (
            int(request.query_params.get(name, usual)) for name, usual in (("startAt", 0), ("maxResults", 100))
        )
        most = min(most, _MOST)
        page = [_shown(one) for one in found[start : start + most]]
        return JSONResponse({"startAt": start, "maxResults": most, "total": len(found), "comments": page})

    async def _comment(self, request: Request) -> Response:
        given, issue = await _json(request), self._found(request)
        made = self._site.new_comment(issue, given.get("body", {}), self._site.app, given.get("properties", []))
        self.commented(made)
        return JSONResponse(_shown(made), 201)

    async def _edit(self, request: Request) -> Response:
        self._found(request)
        given, comment = await _json(request), self._site.comment(request.path_params["comment"])
        edited = self._site.save_comment({**comment, "body": checked(given.get("body"))})
        return JSONResponse(_shown(edited))

    async def _delete(self, request: Request) -> Response:
        self._found(request)
        self._site.delete_comment(request.path_params["comment"])
        return Response(status_code=204)

    async def _comments_by_id(self, request: Request) -> Response:
        wanted = {str(one) for one in (await _json(request)).get("ids", [])}
        issues = self._site.everything()["issues"]
        found = [comment for issue in issues for comment in issue["comments"] if comment["id"] in wanted]
        with_properties = "properties" in request.query_params.get("expand", "")
        shown = [one if with_properties else _shown(one) for one in found]
        return JSONResponse({"startAt": 0, "maxResults": 1048576, "total": len(shown), "isLast": True, "values": shown})

    async def _transitions(self, request: Request) -> Response:
        self._found(request)
        return JSONResponse({"expand": "transitions", "transitions": self._site.transitions()})

    async def _transition(self, request: Request) -> Response:
        given, issue = await _json(request), self._found(request)
        wanted = (given.get("transition") or {}).get("id")
        found = next((one for one in self._site.transitions() if one["id"] == wanted), None)
        if found is None:
            raise JiraError(400, f"Transition id '{wanted}' is not valid for this issue.")
        self._moved(issue, found["to"])
        return Response(status_code=204)

    async def _link(self, request: Request) -> Response:
        made, new = self._site.link(self._found(request), await _json(request))
        return JSONResponse({"id": made["id"], "self": f"{request.url}/{made['id']}"}, 201 if new else 200)

    def _found(self, request: Request) -> Json:
        return self._site.issue(request.path_params["issue"])


async def _json(request: Request) -> Json:
    try:
        given: Any = json.loads(await request.body())
    except ValueError as error:
        raise JiraError(400, "There was an error parsing JSON. Check that your request body is valid.") from error
    if not isinstance(given, dict):
        raise JiraError(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    return given


def _shown(comment: Json) -> Json:
    return {name: value for name, value in comment.items() if name not in {"properties", "issueId"}}
