"""A stand-in for an OpenID provider, and below `/github` for GitHub's OAuth, as a server.

The issuer is the base URL it is mounted at. What people and tests do is below `/_sim/oidc/`: `POST people` adds or
changes somebody, `POST clients` a client, `POST rotate` makes a new signing key, `POST misbehave` says what is to be
done wrong next.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.oidc.consent import Clients
from simulators.oidc.github import GitHub
from simulators.oidc.keys import KeyRing
from simulators.oidc.provider import MISBEHAVIOURS, Provider
from simulators.oidc.store import Store

CONTROL = "/_sim/oidc"


def create_app(state_dir: Path, config: Mapping[str, Any]) -> Starlette:
    """`config`: `clients`, by id, each with `secret` and `redirect_uris`."""
    state_dir.mkdir(parents=True, exist_ok=True)
    store, clients = Store(state_dir / "oidc.db"), Clients(config)
    provider = Provider(store, clients, KeyRing(state_dir / "oidc-keys.json"))
    github = GitHub(store, clients)

    async def people(request: Request) -> Response:
        return JSONResponse(store.put_person(await request.json()))

    async def register(request: Request) -> Response:
        body = await request.json()
        clients.put(str(body["client_id"]), body)
        return JSONResponse({"client_id": body["client_id"]}, 201)

    async def rotate(_: Request) -> Response:
        return JSONResponse({"kid": provider.keys.rotate()})

    async def misbehave(request: Request) -> Response:
        named = (await request.json()).get("how")
        if named not in MISBEHAVIOURS:
            return JSONResponse({"error": f"one of {', '.join(MISBEHAVIOURS)}"}, 422)
        provider.misbehaviours.append(named)
        return JSONResponse({"armed": True}, 201)

    async def behave(_: Request) -> Response:
        provider.misbehaviours.clear()
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route(f"{CONTROL}/people", people, methods=["POST"]),
            Route(f"{CONTROL}/clients", register, methods=["POST"]),
            Route(f"{CONTROL}/rotate", rotate, methods=["POST"]),
            Route(f"{CONTROL}/misbehave", misbehave, methods=["POST"]),
            Route(f"{CONTROL}/misbehave", behave, methods=["DELETE"]),
            Route("/.well-known/openid-configuration", provider.discovery),
            Route("/jwks", provider.jwks),
            Route("/authorize", provider.authorize),
            Route("/consent", provider.consent),
            Route("/token", provider.token, methods=["POST"]),
            Route("/userinfo", provider.userinfo),
            Route("/github/login/oauth/authorize", github.authorize),
            Route("/github/login/oauth/access_token", github.access_token, methods=["POST"]),
            Route("/github/consent", github.consent),
            Route("/github/api/user", github.user),
            Route("/github/api/user/emails", github.emails),
            Route("/github/api/user/orgs", github.organizations),
        ]
    )
