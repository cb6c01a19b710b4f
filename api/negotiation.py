"""What may be sent and what can be answered: 406, 415, HEAD, and all methods of a path in `Allow`."""

from fastapi import Request
from fastapi.params import Form
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_JSON = "application/json"


async def negotiated(request: Request) -> None:
    """A dependency of every route. Raises 415 for a body that is not JSON, 406 if no answer would be understood."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    if route.body_field is not None:
        await _readable(request, form=isinstance(route.body_field.field_info, Form))
    accept = request.headers.get("accept")
    if accept is not None and not any(_admits(accept, one) for one in _offered(route)):
        raise HTTPException(406, detail=f"This answers {', '.join(_offered(route))}; ask for that, or for */*.")


async def _readable(request: Request, *, form: bool) -> None:
    """Raises 415 for a body that is not JSON, or that is packed: nothing is unpacked here (RFC 9110 §15.5.16)."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", ""}:
        detail = "The body has a Content-Encoding, and none is undone here: send it as it is."
        raise HTTPException(415, detail=detail, headers={"Accept-Encoding": "identity"})
    media_type = _plain(request.headers.get("content-type", ""))
    if form or media_type == _JSON or media_type.endswith("+json") or not (media_type or await request.body()):
        return
    sent = f"{media_type} was sent" if media_type else "what was sent does not say what it is"
    raise HTTPException(415, detail=f"This takes JSON, and {sent}: set Content-Type to {_JSON}.")


def _plain(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _offered(route: APIRoute) -> list[str]:
    """The media types of its good answers."""
    offered = {
        media_type
        for status, response in route.responses.items()
        if str(status).startswith("2")
        for media_type in response.get("content", {})
    }
    return sorted(offered) or [getattr(route.response_class, "media_type", None) or _JSON]


def _admits(accept: str, media_type: str) -> bool:
    """Whether an `Accept` header admits the media type (RFC 9110 §12.5.1); what cannot be read admits nothing."""
    family = media_type.partition("/")[0]
    for one in accept.split(","):
        name, *parameters = (part.strip().lower() for part in one.split(";"))
        refused = any(part in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for part in parameters)
        if not refused and name in {"*/*", f"{family}/*", media_type, ""}:
            return True
    return False


def methods(request: Request) -> list[str]:
    """All that the path takes. The router knows only those of the first route that it met."""
    by_path: dict[str, set[str]] = {}
    for context in iter_route_contexts(request.app.routes):
        match, _ = context.matches(request.scope)
        if match is not Match.NONE:
            by_path.setdefault(context.path_format or "", set()).update(context.methods or ())
    # `/device/confirm` is itself, although `/device/{user_code}` would take it too.
    found = min(by_path.items(), key=lambda one: one[0].count("{"), default=("", set()))[1]
    return sorted({*found, "HEAD"} if "GET" in found else found)


class Head:
    """HEAD, as GET without the content (RFC 9110 §9.3.2). Pure ASGI, like the edge."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answered = False

        async def receiving() -> Message:
            # A stream would go on for ever: nobody reads it.
            return {"type": "http.disconnect"} if answered else await receive()

        async def sending(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                await send(message)
            elif not answered:
                answered = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app({**scope, "method": "GET"}, receiving, sending)
