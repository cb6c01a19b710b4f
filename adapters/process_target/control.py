"""The runner's HTTP application: the control API, which asks for the key, and the gateway, which does not."""

import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from pydantic import Base64Bytes, Field, SecretStr, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ExceptionHandler

from adapters.process_target.gateway import Gateway
from adapters.process_target.problems import MEDIA_TYPE, problem
from adapters.process_target.runner import Runner
from domain.base import Data
from domain.errors import CcbError, InvalidInput, NotFound, Unauthenticated
from domain.ids import DeploymentId, RouteName
from domain.vendors import DeploymentSpec, LogLine, Notice

MAX_BODY_BYTES = 100_000_000
MAX_LINES = 10_000
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

Endpoint = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")

_ID: TypeAdapter[str] = TypeAdapter(DeploymentId)
_NAME: TypeAdapter[str] = TypeAdapter(RouteName)
_SECONDS: TypeAdapter[float] = TypeAdapter(Annotated[float, Field(gt=0, allow_inf_nan=False)])


class WantedDeployment(Data):
    """Body of `PUT /deployments/ID`. `bundle` is as in domain.bundle, in Base64."""

    spec: DeploymentSpec
    bundle: Base64Bytes
    configuration: dict[str, str] = {}
    secrets: dict[str, SecretStr] = {}


class WantedRoute(Data):
    """Body of `PUT /routes/NAME`: where the stable URL points; null for nowhere."""

    deployment_id: DeploymentId | None


class WantedSplit(Data):
    """Body of `PUT /routes/NAME/split`: the share of requests that the candidate gets; 0 for no candidate."""

    candidate: DeploymentId
    percent: int = Field(ge=0, le=100)


class WantedNotice(Data):
    """Body of `PUT /routes/NAME/notice`: what its answers announce; null for nothing."""

    notice: Notice | None


class RouteStatus(Data):
    """Where a stable URL points, and what more there is to it."""

    name: RouteName
    deployment_id: DeploymentId | None
    url: str
    candidate: DeploymentId | None = None
    percent: int = 0
    notice: Notice | None = None


class Control:
    """Endpoints over a runner."""

    def __init__(self, runner: Runner, key: SecretStr) -> None:
        self._runner = runner
        self._key = key.get_secret_value().encode()

    def application(self) -> Starlette:
        routes = [
            Route("/health", self._health),
            Route("/deployments", self._guarded(self._list)),
            Route("/deployments/{id}", self._guarded(self._put), methods=["PUT"]),
            Route("/deployments/{id}", self._guarded(self._get)),
            Route("/deployments/{id}", self._guarded(self._delete), methods=["DELETE"]),
            Route("/deployments/{id}/restart", self._guarded(self._restart), methods=["POST"]),
            Route("/deployments/{id}/logs", self._guarded(self._logs)),
            Route("/deployments/{id}/traffic", self._guarded(self._traffic)),
            Route("/routes/{name}", self._guarded(self._switch), methods=["PUT"]),
            Route("/routes/{name}", self._guarded(self._live)),
            Route("/routes/{name}/split", self._guarded(self._split), methods=["PUT"]),
            Route("/routes/{name}/notice", self._guarded(self._announce), methods=["PUT"]),
        ]
        for gateway in (Gateway("i", self._runner.front), Gateway("d", self._runner.direct)):
            routes += [
                Route(f"/{gateway.prefix}/{{key}}{rest}", gateway, methods=METHODS) for rest in ("", "/{path:path}")
            ]
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=_HANDLERS)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self._runner.open()
        try:
            yield
        finally:
            await self._runner.close()

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            scheme, _, key = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(key.encode(), self._key):
                raise Unauthenticated("The runner's key is missing or wrong; give it as a bearer token.")
            return await endpoint(request)

        return guarded

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _list(self, _: Request) -> Response:
        return JSONResponse([status.model_dump(mode="json") for status in await self._runner.statuses()])

    async def _put(self, request: Request) -> Response:
        wanted = await _read(request, TypeAdapter(WantedDeployment))
        if wanted.spec.id != _path(request, "id", _ID):
            raise InvalidInput("The id in the spec is not the one in the URL.", field="spec.id")
        status = await self._runner.start(
            wanted.spec, wanted.bundle, configuration=wanted.configuration, secrets=wanted.secrets
        )
        return _json(status)

    async def _get(self, request: Request) -> Response:
        return _json(await self._runner.status(_path(request, "id", _ID)))

    async def _delete(self, request: Request) -> Response:
        await self._runner.stop(_path(request, "id", _ID))
        return Response(status_code=204)

    async def _restart(self, request: Request) -> Response:
        await self._runner.restart(_path(request, "id", _ID))
        return Response(status_code=204)

    async def _logs(self, request: Request) -> Response:
        deployment_id = _path(request, "id", _ID)
        limit = _limit(request)
        past = await self._runner.logs(deployment_id, limit)
        if request.query_params.get("follow") in {"1", "true"}:
            lines = _ndjson(self._runner.follow(deployment_id, limit))
            return StreamingResponse(lines, media_type="application/x-ndjson")
        return Response(b"".join(map(_line, past)), media_type="application/x-ndjson")

    async def _traffic(self, request: Request) -> Response:
        deployment_id = _path(request, "id", _ID)
        return _json(self._runner.front.traffic(deployment_id, _seconds(request)))

    async def _switch(self, request: Request) -> Response:
        name = _path(request, "name", _NAME)
        wanted = await _read(request, TypeAdapter(WantedRoute))
        self._runner.front.switch(name, wanted.deployment_id)
        return self._route(name)

    async def _split(self, request: Request) -> Response:
        name = _path(request, "name", _NAME)
        wanted = await _read(request, TypeAdapter(WantedSplit))
        self._runner.front.split(name, wanted.candidate, wanted.percent)
        return self._route(name)

    async def _announce(self, request: Request) -> Response:
        name = _path(request, "name", _NAME)
        wanted = await _read(request, TypeAdapter(WantedNotice))
        self._runner.front.announce(name, wanted.notice)
        return self._route(name)

    async def _live(self, request: Request) -> Response:
        return self._route(_path(request, "name", _NAME))

    def _route(self, name: str) -> Response:
        route = self._runner.front.route(name)
        status = RouteStatus(
            name=name,
            deployment_id=route.live,
            url=self._runner.stable_url(name),
            candidate=route.candidate,
            percent=route.percent,
            notice=route.notice,
        )
        # Callers from before there were splits and notices know no such fields.
        return Response(status.model_dump_json(exclude_defaults=True), media_type="application/json")


async def _answer_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, CcbError)  # noqa: S101 - it is registered for these alone
    return problem(error)


async def _answer_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these alone
    return Response(
        json.dumps({"type": "about:blank", "title": error.detail, "status": error.status_code}),
        status_code=error.status_code,
        media_type=MEDIA_TYPE,
    )


_HANDLERS: Mapping[Any, ExceptionHandler] = {CcbError: _answer_problem, HTTPException: _answer_http}


async def _read(request: Request, model: TypeAdapter[T]) -> T:
    """The request's body. Raises InvalidInput, which says where it is wrong and repeats no value: some are secret."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise InvalidInput(f"The body is larger than {MAX_BODY_BYTES} bytes.", field="body")
    return _valid(bytes(body), model)


def _valid(body: bytes, model: TypeAdapter[T]) -> T:
    try:
        return model.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
    raise InvalidInput(f"{where}: {first['msg']}.", field=where)


def _path(request: Request, name: str, model: TypeAdapter[str]) -> str:
    try:
        return model.validate_python(request.path_params[name])
    except ValidationError as error:
        raise NotFound(f"{request.path_params[name][:100]!r} is no {name} that can exist.") from error


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "100")
    if not text.isdecimal() or not 1 <= int(text) <= MAX_LINES:
        raise InvalidInput(f"limit must be a number from 1 to {MAX_LINES}.", field="limit")
    return int(text)


def _seconds(request: Request) -> float:
    try:
        return _SECONDS.validate_python(request.query_params.get("seconds", "60"))
    except ValidationError as error:
        raise InvalidInput("seconds must be a number above 0.", field="seconds") from error


def _json(data: Data) -> Response:
    return Response(data.model_dump_json(), media_type="application/json")


def _line(line: LogLine) -> bytes:
    return line.model_dump_json().encode() + b"\n"


async def _ndjson(lines: AsyncIterator[LogLine]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield _line(line)
