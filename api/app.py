"""The application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.types import Lifespan

from api import (
    accounts,
    all_runs,
    audit,
    codec,
    dependencies,
    deployments,
    described,
    device_pages,
    devices,
    documents,
    front,
    health,
    inbox,
    integrations,
    keys,
    limits,
    metrics,
    oauth,
    organizations,
    passkeys,
    people,
    problems,
    registry,
    retirement,
    retries,
    roles,
    runs,
    schedules,
    secrets,
    sessions,
    stream,
    tests,
    updates,
    versions,
    watching,
    webhooks_github,
    webhooks_jira,
    webhooks_linear,
    webhooks_slack,
)
from api.audited import Audited
from api.negotiation import Head, negotiated
from api.repeats import repeatable
from api.services import Services

_ABOUT = """Ask for an integration, follow its run, review it, and find what is active.

Requests under `/api/v1` need an API key, or the access token of a session, as `Authorization: Bearer …`; the header
`CCB-Organization` says where to act. Errors are `application/problem+json` (RFC 9457); `code` is stable. What takes
long answers 202 with the address of its status.
"""
# The first that matches is found by trying each in turn: what is asked most comes first.
ROUTERS = [
    webhooks_github.router,
    webhooks_linear.router,
    webhooks_jira.router,
    webhooks_slack.router,
    integrations.router,
    runs.router,
    all_runs.router,
    retries.router,
    deployments.router,
    retirement.router,
    dependencies.router,
    stream.router,
    updates.router,
    versions.router,
    tests.router,
    watching.router,
    watching.everything,
    schedules.router,
    secrets.router,
    secrets.everything,
    limits.router,
    registry.router,
    documents.router,
    accounts.router,
    accounts.me,
    sessions.router,
    sessions.others,
    people.router,
    keys.router,
    organizations.router,
    organizations.invitations,
    roles.router,
    roles.permissions,
    inbox.router,
    audit.router,
    codec.router,
    oauth.router,
    passkeys.router,
    devices.router,
    device_pages.router,
    health.router,
    metrics.router,
]


def create_app(services: Services) -> FastAPI:
    """The application over `services`, which stay the caller's to close.

    Who serves it sets `state.closing` when the server is to end, so that streams do not hold it up.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with services.intake.running(), front.running(services):
            app.state.started.set()
            yield

    app = _application(lifespan)
    app.add_middleware(Head)
    app.add_middleware(Audited, deeds=services.audit)
    app.state.services = services
    app.state.started, app.state.closing = asyncio.Event(), asyncio.Event()
    app.state.standing = health.Standing(services)
    problems.install(app)
    front.install(app, services)
    return app


def bare() -> FastAPI:
    """The routes without what they stand on: enough for the OpenAPI document."""
    return _application(None)


def _application(lifespan: Lifespan[FastAPI] | None) -> FastAPI:
    app = FastAPI(
        title="Claude Code Bot",
        description=_ABOUT,
        version=version("ccb"),
        lifespan=lifespan,
        dependencies=[Depends(negotiated)],
        generate_unique_id_function=_operation_id,
        redoc_url=None,
        telemetry={"operation_spans": False},
    )
    for router in ROUTERS:
        app.include_router(repeatable(router))
    # FastAPI's own route makes the document in the event loop, where seconds of it would keep everybody waiting.
    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", "") != app.openapi_url]
    app.add_route(app.openapi_url or "", described.served, include_in_schema=False)
    app.openapi = lambda: described.document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
