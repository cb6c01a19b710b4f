"""Logging in at an outside provider: OpenID Connect, and GitHub's OAuth."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, status
from fastapi.responses import RedirectResponse, Response
from pydantic import SecretStr

from api import pages
from api.arrivals import arrived, linked
from api.cookies import BINDING, HANDOFF, cookie, drop_cookie, set_cookie
from api.entered import entered
from api.federation import Federation
from api.logins import Client
from api.problems import documented
from api.recent import Recent
from api.security import Account
from api.services import Services, Wired
from domain.base import Data
from domain.errors import CcbError, Conflict, NotFound, Unauthenticated, VendorRejected, VendorUnavailable
from domain.federation import Identity, Kind, Payload, ProviderName
from domain.sessions import ClientInfo, Method, Tokens

router = APIRouter(prefix="/api/v1/auth", tags=["login"])

ASKED = timedelta(minutes=10)
"""For so long somebody may be at the provider."""
HANDED = timedelta(minutes=2)
"""For so long a browser that has come back may take its tokens."""
DEFAULT_RETURN = "/device"

Provider = Annotated[ProviderName, Path(examples=["github"])]
ReturnTo = Annotated[
    str,
    Query(
        max_length=500,
        pattern=r"^/([!-.0-\[\]-~][!-\[\]-~]*)?$",
        description="Where the browser goes afterwards: a path here.",
        examples=["/device"],
    ),
]


class ProviderView(Data):
    """A provider one can log in at; `start` is where to send the browser."""

    name: str
    title: str
    start: str


class Link(Data):
    """Where to send the browser, so that its account there is linked."""

    authorization_url: str


@router.get("/providers")
async def list_providers(services: Wired) -> list[ProviderView]:
    """Where one can log in."""
    federation = services.federation
    return [
        ProviderView(name=name, title=one.title, start=f"{federation.public_url}{router.prefix}/oauth/{name}/start")
        for name, one in federation.providers.by_name.items()
    ]


@router.get(
    "/oauth/{provider}/start",
    status_code=status.HTTP_303_SEE_OTHER,
    response_class=RedirectResponse,
    responses=documented(NotFound, VendorUnavailable, VendorRejected),
)
async def start_login(
    provider: Provider, request: Request, services: Wired, return_to: ReturnTo = DEFAULT_RETURN
) -> Response:
    """Send a browser to the provider, to come back to `return_to`, a path of this API."""
    url, binding = await _begin(request, services.federation, provider, {"return_to": pages.own_path(return_to)})
    answer = RedirectResponse(url, status.HTTP_303_SEE_OTHER)
    set_cookie(answer, BINDING, binding, services.federation, lasts=ASKED)
    return answer


@router.post("/oauth/{provider}/link", responses=documented(NotFound, VendorUnavailable, VendorRejected))
async def link_provider(
    provider: Provider,
    request: Request,
    response: Response,
    caller: Recent,
    services: Wired,
    return_to: ReturnTo = DEFAULT_RETURN,
) -> Link:
    """Begin to link the caller's account here with one at the provider, in the browser that asks."""
    payload: Payload = {"return_to": pages.own_path(return_to), "person_id": caller.id}
    url, binding = await _begin(request, services.federation, provider, payload)
    set_cookie(response, BINDING, binding, services.federation, lasts=ASKED)
    return Link(authorization_url=url)


async def _begin(request: Request, federation: Federation, name: str, payload: Payload) -> tuple[str, str]:
    """Where to send the browser, and what binds the answer to this browser."""
    provider = federation.providers.named(name)
    binding = cookie(request, BINDING, federation) or secrets.token_urlsafe(32)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    url = await provider.begin(redirect_uri=federation.callback(name), state=state, nonce=nonce, verifier=verifier)
    kept: Payload = {**payload, "provider": name, "nonce": nonce, "verifier": verifier, "binding": _digest(binding)}
    await federation.once.keep(Kind.OAUTH, SecretStr(state), kept, lasts=ASKED)
    return url, binding


@router.get(
    "/oauth/{provider}/callback",
    status_code=status.HTTP_303_SEE_OTHER,
    response_class=RedirectResponse,
    responses=documented(Conflict, NotFound, VendorUnavailable, VendorRejected),
)
async def come_back(
    provider: Provider,
    request: Request,
    services: Wired,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str | None, Query(max_length=300)] = None,
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Where the provider sends the browser back to. Tokens are fetched with `POST /api/v1/auth/oauth/exchange`."""
    try:
        return await _came_back(request, services, provider, code=code, state=state, iss=iss, error=error)
    except CcbError as refused:
        if not pages.wanted(request):
            raise
        return pages.refusal(refused)


async def _came_back(
    request: Request, services: Services, name: str, *, code: str, state: str, iss: str | None, error: str
) -> Response:
    federation = services.federation
    provider = federation.providers.named(name)
    kept = await federation.once.take(Kind.OAUTH, SecretStr(state))
    binding = cookie(request, BINDING, federation)
    if kept is None or kept["provider"] != name:
        raise Unauthenticated("This login is over, or was used: begin it again.")
    if binding is None or not hmac.compare_digest(str(kept["binding"]), _digest(binding)):
        raise Unauthenticated("This login was begun in another browser: begin it again in this one.")
    if error or not code:
        why = "You have not agreed there" if error == "access_denied" else f"It said {error[:60] or 'nothing'}"
        raise Unauthenticated(f"{provider.title} has not let you in. {why}. Begin again, or log in by other means.")
    nonce, verifier = str(kept["nonce"]), str(kept["verifier"])
    proven = await provider.finish(
        code, redirect_uri=federation.callback(name), nonce=nonce, verifier=verifier, issuer=iss
    )
    answer = RedirectResponse(f"{federation.path}{kept['return_to']}", status.HTTP_303_SEE_OTHER)
    drop_cookie(answer, BINDING, federation)
    if isinstance(person_id := kept.get("person_id"), str):
        await linked(proven, name, person_id, services)
        return answer
    handoff = secrets.token_urlsafe(32)
    payload: Payload = {"person_id": await arrived(proven, name, provider.title, services)}
    await federation.once.keep(Kind.HANDOFF, SecretStr(handoff), payload, lasts=HANDED)
    set_cookie(answer, HANDOFF, handoff, federation, lasts=HANDED)
    return answer


@router.post("/oauth/exchange", responses=documented())
async def exchange_login(request: Request, response: Response, services: Wired, client: Client) -> Tokens:
    """The tokens of somebody who has just come back from a provider, for their browser's cookie: once."""
    handoff = cookie(request, HANDOFF, services.federation)
    tokens = await redeemed(request, handoff, services, client)
    if tokens is None:
        raise Unauthenticated("Nobody has come back from a provider in this browser just now: log in there first.")
    drop_cookie(response, HANDOFF, services.federation)
    return tokens


async def redeemed(request: Request, handoff: str | None, services: Services, client: ClientInfo) -> Tokens | None:
    """A session for who has come back."""
    kept = await services.federation.once.take(Kind.HANDOFF, SecretStr(handoff)) if handoff else None
    if kept is None:
        return None
    tokens = await services.sessions.open(str(kept["person_id"]), method=Method.OIDC, client=client)
    await entered(request, str(kept["person_id"]), services)
    return tokens


@router.get("/identities", responses=documented())
async def list_identities(caller: Account, services: Wired) -> list[Identity]:
    """The caller's accounts at providers that open this one."""
    return await services.federation.identities.of(caller.id)


@router.delete("/identities/{identity}", status_code=status.HTTP_204_NO_CONTENT, responses=documented(NotFound))
async def unlink_identity(identity: Annotated[str, Path(max_length=100)], caller: Account, services: Wired) -> None:
    """That account at a provider opens this one no more. Sessions that it opened stay until they are ended."""
    await services.federation.identities.unlink(identity, person_id=caller.id)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
