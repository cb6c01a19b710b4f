"""The page at which a person allows a device: logging in, then one question. No script; every form carries a token
that only our own page, in this very browser, can have (OWASP's synchroniser token).
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from html import escape
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import SecretStr

from api import pages
from api.cookies import HANDOFF, PAGE, SIGNED_IN, cookie, drop_cookie, set_cookie
from api.devices import decided, shown, waiting
from api.entered import entered
from api.logins import Client
from api.oauth import redeemed
from api.oauth_errors import form_of
from api.services import Services, Wired
from domain.errors import CcbError, InvalidInput, NotFound, Unauthenticated
from domain.sessions import Bearer, Tokens

router = APIRouter(prefix="/device", tags=["login"], include_in_schema=False, default_response_class=HTMLResponse)

_PAGE_LASTS = timedelta(hours=1)
_TITLE = "Log in a device"


@router.get("")
async def show_device(
    request: Request,
    client: Client,
    services: Wired,
    user_code: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """For somebody who is logged in here the question, for others the ways to log in."""
    federation = services.federation
    token = cookie(request, SIGNED_IN, federation)
    tokens: Tokens | None = None
    if handoff := cookie(request, HANDOFF, federation):
        tokens = await redeemed(request, handoff, services, client)
        token = tokens.access_token if tokens is not None else token
    known = cookie(request, PAGE, federation) or secrets.token_urlsafe(32)
    bearer = await _bearer(token, services)
    try:
        body = await _question(user_code, known, services) if bearer else _login_form(user_code, known, services)
        answer: Response = pages.page(_TITLE, body)
    except NotFound as error:
        answer = pages.page(_TITLE, f"<p>{escape(error.message)}</p>{_code_form()}", status=error.http_status)
    set_cookie(answer, PAGE, known, federation, lasts=_PAGE_LASTS)
    if tokens is not None:
        drop_cookie(answer, HANDOFF, federation)
        _sign_in(answer, tokens, services)
    return answer


@router.post("/login")
async def log_in_on_page(request: Request, client: Client, services: Wired) -> Response:
    """By address, password and, where there is one, a code of the second factor."""
    try:
        fields = await _own_form(request, services)
        entering = services.door.entering
        found = await entering.log_in(fields.get("email", ""), SecretStr(fields.get("password", "")), client)
        if found.challenge is not None:
            if not (code := fields.get("code", "").strip()):
                raise Unauthenticated("This account has a second factor: go back, and give its code too.")
            found = await entering.second_factor(SecretStr(found.challenge), code, client)
        if found.tokens is None:
            raise Unauthenticated("You are not logged in: try again.")
        bearer = await services.sessions.person_of(SecretStr(found.tokens.access_token))
        await entered(request, bearer.person_id, services)
    except CcbError as error:
        return pages.refusal(error)
    query = urlencode({"user_code": fields.get("user_code", "")[:40]})
    answer = RedirectResponse(f"{services.federation.path}/device?{query}", 303)
    _sign_in(answer, found.tokens, services)
    return answer


@router.post("/decide")
async def decide_on_page(request: Request, services: Wired) -> Response:
    """Allow the device or refuse it. The page's own session ends with it."""
    federation = services.federation
    try:
        fields = await _own_form(request, services)
        bearer = await _bearer(cookie(request, SIGNED_IN, federation), services)
        if bearer is None:
            raise Unauthenticated("You are not logged in any more: open the page again.")
        await entered(request, bearer.person_id, services)
        allow = fields.get("decision") == "allow"
        await decided(fields.get("user_code", ""), services, person_id=bearer.person_id, allow=allow)
        await services.sessions.end(bearer.session_id, person_id=bearer.person_id)
    except CcbError as error:
        return pages.refusal(error)
    said = "The device is logged in: go back to it." if allow else "The device was refused."
    answer = pages.page(_TITLE, f"<p>{said} You can close this page.</p>")
    drop_cookie(answer, SIGNED_IN, federation)
    drop_cookie(answer, PAGE, federation)
    return answer


def _sign_in(answer: Response, tokens: Tokens, services: Services) -> None:
    lasts = timedelta(seconds=tokens.expires_in)
    set_cookie(answer, SIGNED_IN, tokens.access_token, services.federation, lasts=lasts)


async def _bearer(token: str | None, services: Services) -> Bearer | None:
    if token is None:
        return None
    try:
        return await services.sessions.person_of(SecretStr(token))
    except Unauthenticated:
        return None


async def _own_form(request: Request, services: Services) -> dict[str, str]:
    """Raises InvalidInput for one that is not of our page in this browser."""
    fields = await form_of(request)
    known = cookie(request, PAGE, services.federation)
    if fields is None or known is None or not hmac.compare_digest(fields.get("csrf", "").encode(), _csrf(known)):
        raise InvalidInput("This form is not of this page, or too old: open the page again.")
    return fields


def _csrf(known: str) -> bytes:
    return hashlib.sha256(f"csrf:{known}".encode()).hexdigest().encode()


def _hidden(known: str, user_code: str) -> str:
    return (
        f'<input type="hidden" name="csrf" value="{_csrf(known).decode()}">'
        f'<input type="hidden" name="user_code" value="{escape(user_code)}">'
    )


def _code_form() -> str:
    return (
        '<form method="get"><p><label>Code that the device shows: '
        '<input name="user_code" autocomplete="off" autocapitalize="characters" required></label> '
        "<button>Go on</button></p></form>"
    )


def _login_form(user_code: str, known: str, services: Services) -> str:
    federation = services.federation
    back = urlencode({"return_to": "/device?" + urlencode({"user_code": user_code}) if user_code else "/device"})
    ways = "".join(
        f'<li><a href="{federation.path}/api/v1/auth/oauth/{name}/start?{escape(back)}">'
        f"Log in with {escape(one.title)}</a></li>"
        for name, one in federation.providers.by_name.items()
    )
    return (
        f'<form method="post" action="{federation.path}/device/login">{_hidden(known, user_code)}'
        '<p><label>E-mail: <input name="email" type="email" autocomplete="username" required></label></p>'
        '<p><label>Password: <input name="password" type="password" autocomplete="current-password" required>'
        "</label></p>"
        '<p><label>Code of your second factor, if you have one: <input name="code" autocomplete="one-time-code">'
        "</label></p><p><button>Log in</button></p></form>" + (f"<ul>{ways}</ul>" if ways else "")
    )


async def _question(user_code: str, known: str, services: Services) -> str:
    if not user_code:
        return _code_form()
    grant = await waiting(user_code, services)
    return (
        f"<p><strong>{escape(grant.client)}</strong>, at {escape(grant.ip or 'an unknown address')}, asks to act here "
        f"as you. It shows the code <strong>{shown(grant.user_code)}</strong>.</p>"
        "<p>Allow it only if you have begun this yourself, just now, and the codes are the same.</p>"
        f'<form method="post" action="{services.federation.path}/device/decide">{_hidden(known, grant.user_code)}'
        '<p><button name="decision" value="allow">Allow</button> '
        '<button name="decision" value="refuse">Refuse</button></p></form>'
    )
