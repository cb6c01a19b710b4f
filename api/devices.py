"""The device authorization grant (RFC 8628): logging in from where there is no browser, such as `ccb login`."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, Field, SecretStr

from api.entered import entered
from api.logins import Client
from api.oauth_errors import OAuthError, form_body, form_of, refused
from api.problems import documented
from api.recent import Recent
from api.security import Account
from api.services import Services, Wired
from domain.base import Data
from domain.errors import Conflict, NotFound
from domain.federation import DeviceGrant, GrantState
from domain.sessions import Method, Tokens

router = APIRouter(prefix="/api/v1/auth/device", tags=["login"])

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
LASTS = timedelta(minutes=10)
INTERVAL = 5
"""Seconds between two polls, RFC 8628's default."""

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LONG = 8
"""20 consonants make no words and are not mistaken for digits (RFC 8628 §6.1); eight of them are 34 bits."""
_TRIES = 5
_REFUSED: dict[int | str, dict[str, Any]] = {400: {"model": OAuthError, "description": "In OAuth's form."}}
_PRINTABLE = re.compile(r"[^\x20-\x7e]")


class DeviceAsked(Data):
    """What RFC 8628 §3.2 answers. The person types `user_code` at `verification_uri`; the device polls meanwhile."""

    device_code: str
    user_code: str = Field(examples=["BCDF-GHJK"])
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class WaitingDevice(Data):
    """What asks to act for the caller, and from where, as the API saw it. What it calls itself is its own word."""

    user_code: str
    client: str
    ip: str
    created_at: AwareDatetime
    expires_at: AwareDatetime


class DeviceDecision(Data):
    user_code: str = Field(min_length=1, max_length=40, examples=["BCDF-GHJK"])
    allow: bool


@router.post(
    "",
    response_model=DeviceAsked,
    responses=documented(Conflict) | _REFUSED,
    openapi_extra=form_body({"client_id": "What asks, as it is shown to the person."}, {"scope": "Not used."}),
)
async def ask_for_device(request: Request, client: Client, services: Wired) -> DeviceAsked | Response:
    """A device begins to log in."""
    fields = await form_of(request)
    if fields is None or not fields.get("client_id"):
        return refused("invalid_request", "Send a form with client_id, each field once.")
    federation, now = services.federation, datetime.now(UTC)
    device_code = SecretStr(secrets.token_urlsafe(32))
    for _ in range(_TRIES):
        user_code = "".join(secrets.choice(_LETTERS) for _ in range(_LONG))
        grant = DeviceGrant(
            user_code=user_code,
            client=_PRINTABLE.sub("?", fields["client_id"])[:80],
            ip=client.ip,
            interval=INTERVAL,
            created_at=now,
            expires_at=now + LASTS,
        )
        if await federation.grants.ask(device_code, grant):
            break
    else:
        raise Conflict("No code is free: try again.")
    uri = f"{federation.public_url}/device"
    asked = DeviceAsked(
        device_code=device_code.get_secret_value(),
        user_code=shown(user_code),
        verification_uri=uri,
        verification_uri_complete=f"{uri}?user_code={shown(user_code)}",
        expires_in=int(LASTS.total_seconds()),
        interval=INTERVAL,
    )
    return JSONResponse(asked.model_dump())


@router.post(
    "/token",
    response_model=Tokens,
    responses=documented() | _REFUSED,
    openapi_extra=form_body(
        {"grant_type": f"`{GRANT_TYPE}`", "device_code": "As it was answered."}, {"client_id": "The same."}
    ),
)
async def poll_device(request: Request, client: Client, services: Wired) -> Tokens | Response:
    """The device asks whether its person has decided; once they have allowed it, the answer is tokens."""
    fields = await form_of(request)
    if fields is None or not fields.get("device_code"):
        return refused("invalid_request", "Send a form with grant_type, device_code and client_id, each field once.")
    if fields.get("grant_type") != GRANT_TYPE:
        return refused("unsupported_grant_type", f"The grant type is {GRANT_TYPE}.")
    now = datetime.now(UTC)
    found = await services.federation.grants.poll(SecretStr(fields["device_code"]), now)
    if found is None:
        return refused("invalid_grant", "This device code is not known, or was used: begin again.")
    grant, hasty = found
    if grant.expires_at <= now:
        return refused("expired_token", "Nobody decided in time: begin again.")
    if hasty:
        return refused("slow_down", "Ask less often: wait five seconds longer from now on.")
    match grant.state:
        case GrantState.PENDING:
            return refused("authorization_pending", "Nobody has decided yet: ask again after the interval.")
        case GrantState.DENIED:
            return refused("access_denied", "The person has refused.")
        case GrantState.APPROVED:
            pass
    tokens = await services.sessions.open(str(grant.person_id), method=Method.DEVICE, client=client)
    await entered(request, str(grant.person_id), services)
    return JSONResponse(tokens.model_dump(), headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


@router.get("/{user_code}", responses=documented(NotFound))
async def read_device(
    user_code: Annotated[str, Path(max_length=40, examples=["BCDF-GHJK"])], _caller: Account, services: Wired
) -> WaitingDevice:
    """What waits under a code to be allowed."""
    grant = await waiting(user_code, services)
    about = grant.model_dump(include={"client", "ip", "created_at", "expires_at"})
    return WaitingDevice(user_code=shown(grant.user_code), **about)


@router.post("/confirm", status_code=204, responses=documented(NotFound))
async def decide_device(body: DeviceDecision, caller: Recent, services: Wired) -> None:
    """Allow a device to act for the caller, or refuse it. Allow what you have begun yourself, and nothing else."""
    await decided(body.user_code, services, person_id=caller.id, allow=body.allow)


async def waiting(user_code: str, services: Services) -> DeviceGrant:
    """Raises NotFound."""
    grant = await services.federation.grants.waiting(_plain(user_code), datetime.now(UTC))
    if grant is None:
        raise _unknown()
    return grant


async def decided(user_code: str, services: Services, *, person_id: str, allow: bool) -> None:
    """Raises NotFound."""
    plain, now = _plain(user_code), datetime.now(UTC)
    if not await services.federation.grants.decide(plain, person_id=person_id, allow=allow, now=now):
        raise _unknown()


def shown(user_code: str) -> str:
    return f"{user_code[:4]}-{user_code[4:]}"


def _plain(user_code: str) -> str:
    """However it was typed (RFC 8628 §6.1)."""
    return "".join(letter for letter in user_code.upper() if letter in _LETTERS)[:_LONG]


def _unknown() -> NotFound:
    return NotFound("Nothing waits under this code: it is mistyped, over, or was decided. The device can begin anew.")
