"""The application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api import (
    codec,
    dependencies,
    deployments,
    documents,
    health,
    integrations,
    limits,
    people,
    problems,
    retirement,
    retries,
    runs,
    schedules,
    secrets,
    stream,
    tests,
    updates,
    versions,
    watching,
    webhooks_github,
    webhooks_slack,
)
from api.edge import Edge
from api.problems import Problem
from api.services import Services
from domain.events import Event
from domain.live import LiveEntry
from domain.vendors import LogLine

_ABOUT = """Ask for an integration, follow its run, review it, and find what is active.

Every request under `/api/v1` needs an API key as `Authorization: Bearer KEY`. Errors are `application/problem+json`
(RFC 9457); `code` is stable. What takes long answers 202 with the address of its status.
"""
_ROUTERS = [
    integrations.router,
    runs.router,
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
    limits.router,
    integrations.registry,
    documents.router,
    people.router,
    webhooks_github.router,
    webhooks_slack.router,
    codec.router,
    health.router,
]


def create_app(services: Services) -> FastAPI:
    """The application over `services`, which stay the caller's to close.

    Who serves it sets `state.closing` when the server is to end, so that streams do not hold it up.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with services.intake.running():
            yield

    app = FastAPI(
        title="Claude Code Bot",
        description=_ABOUT,
        version=version("ccb"),
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        redoc_url=None,
        telemetry={"operation_spans": False},
    )
    app.state.services = services
    app.state.closing = asyncio.Event()
    problems.install(app)
    app.add_middleware(Edge)
    for router in _ROUTERS:
        app.include_router(router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with problems in place of FastAPI's own shape of validation errors."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, summary=None
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for model in (Problem, LogLine, Event, LiveEntry, stream.Standing):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        app.openapi_schema = document
    return app.openapi_schema
