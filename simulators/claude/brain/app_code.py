"""Writes `app.py`."""

from simulators.claude.brain.client_code import answer_type, model_names
from simulators.claude.brain.naming import PLACEHOLDER, RESERVED_PARAMETERS, distinct, snake
from simulators.claude.brain.operations import Operation, Service
from simulators.claude.brain.parameters import Parameter
from simulators.claude.brain.types import ListOf, Scalar, literal, optional, quoted, spelled, used
from simulators.claude.brain.writing import docstring, imported

_TAKEN = frozenset("app router health get_client create_app received upstream_failed NAME VERSION".split())  # noqa: SIM905 short
_BODY = '''

class Health(BaseModel):
    """The answer of the health check."""

    status: str
    name: str
    version: str


def get_client(request: Request) -> Client:
    """Give the application's client to a route."""
    client: Client = request.app.state.client
    return client


ApiClient = Annotated[Client, Depends(get_client)]
router = APIRouter()


@router.get("/health")
async def health() -> Health:
    """Say that the process answers; nothing is called."""
    return Health(status="ok", name=NAME, version=VERSION)
'''
_RECEIVED = '''

async def received(request: Request) -> bytes:
    """Read a body of bytes, up to MOST_BYTES: no caller shall fill the memory."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise HTTPException(413, "The body is larger than this service takes")
    return bytes(body)
'''
_END = '''

async def upstream_failed(_: Request, error: Exception) -> JSONResponse:
    """Answer 404 where the API did, and 502 where it failed in any other way."""
    missing = isinstance(error, UpstreamError) and error.status == 404
    return JSONResponse({"detail": str(error)}, status_code=404 if missing else 502)


def create_app(client: Client | None = None) -> FastAPI:
    """Build the application; `client` is for tests."""
    api = client or Client()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with api:
            yield

    application = FastAPI(title=TITLE, version=VERSION, lifespan=lifespan)
    application.state.client = api
    application.add_exception_handler(UpstreamError, upstream_failed)
    application.include_router(router)
    return application


app = create_app()
'''


def handlers(service: Service) -> dict[str, str]:
    """The function behind each capability, by the capability's name."""
    names: dict[str, str] = {}
    for one in service.operations:
        name = snake(one.capability)
        taken = {*names.values(), *_TAKEN, *RESERVED_PARAMETERS}
        names[one.capability] = distinct(name, taken)
    return names


def in_route(operation: Operation, one: Parameter) -> bool:
    return one.place == "path" and one.public in PLACEHOLDER.findall(operation.route)


def default_of(service: Service, one: Parameter) -> int | None:
    """The default somebody asked for, where the parameter is a number that may be left out."""
    if one.required or one.type != Scalar("int"):
        return None
    return next((value for name, value in service.wishes.defaults if snake(name).replace("_", "") in _bare(one)), None)


def _bare(one: Parameter) -> str:
    return one.public.replace("_", "")


def _argument(service: Service, operation: Operation, one: Parameter) -> str:
    place = "Path" if in_route(operation, one) else "Header" if one.place == "header" else "Query"
    options = []
    if place == "Header":
        options.append(f"alias={literal(one.wire)}")
    elif one.name != one.public:
        options.append(f"alias={quoted(one.public)}")
    if one.doc:
        options.append(f"description={literal(one.doc)}")
    base = spelled(one.type if one.required else optional(one.type))
    annotation = f"Annotated[{base}, {place}({', '.join(options)})]" if options else base
    if not options and isinstance(one.type, ListOf):
        annotation = f"Annotated[{base}, Query()]"  # FastAPI takes a plain list for a body
    if one.required:
        return f"{one.name}: {annotation}"
    return f"{one.name}: {annotation} = {default_of(service, one)!r}"


def _route(service: Service, operation: Operation, name: str) -> str:
    required = [_argument(service, operation, one) for one in operation.arguments if one.required]
    free = [_argument(service, operation, one) for one in operation.arguments if not one.required]
    before = ""
    if operation.body_kind == "raw":
        required.insert(0, "request: Request")
        before = "    body = await received(request)\n"
    elif operation.body is not None and operation.body_required:
        required.insert(0, f"body: Annotated[{spelled(operation.body)}, Body()]")
    elif operation.body is not None:
        free.insert(0, f"body: Annotated[{spelled(optional(operation.body))}, Body()] = None")
    passed = [one.name for one in operation.at("path")]
    passed += ["body=body"] if operation.body is not None else []
    passed += [f"{one.name}={one.name}" for one in operation.arguments if one.place != "path"]
    call = f"await client.{operation.function}({', '.join(passed)})"
    options = [literal(operation.route)]
    answer = answer_type(operation)
    match operation.answer_kind:
        case "none":
            options.append("status_code=204")
            line = call
        case "text":
            answer, line = "PlainTextResponse", f"return PlainTextResponse({call})"
        case "raw":
            answer, line = "Response", f'return Response({call}, media_type="application/octet-stream")'
        case _:
            line = f"return {call}"
            options += [f"status_code={operation.answer_status}"] if operation.answer_status != 200 else []
            options += ["response_model_exclude_unset=True"] if _has_models(operation) else []
    arguments = ", ".join(["client: ApiClient", *required, *free])
    return (
        f"\n\n@router.{operation.route_method}({', '.join(options)})\n"
        f"async def {name}({arguments}) -> {answer}:\n{docstring(operation.description, 4)}\n{before}    {line}\n"
    )


def _has_models(operation: Operation) -> bool:
    return operation.answer is not None and bool(used(operation.answer) - {"JsonValue", "Literal"})


def _order(operation: Operation) -> list[bool]:
    """Fixed segments before placeholders, so that `/users/me` is not taken for `/users/{id}`."""
    return [segment.startswith("{") for segment in operation.route.strip("/").split("/")]


def app_code(service: Service, version: str | None = None) -> str:
    """The module with the application. `version` is an annotation that is wrong, for a simulated mistake."""
    names = handlers(service)
    routes = "".join(_route(service, one, names[one.capability]) for one in sorted(service.operations, key=_order))
    raw = any(one.body_kind == "raw" for one in service.operations)
    fastapi = ["APIRouter", "Depends", "FastAPI", "Request", *(["HTTPException"] if raw else [])]
    fastapi += [name for name in ("Body", "Header", "Path", "Query") if f", {name}(" in routes]
    fastapi += ["Response"] if "-> Response:" in routes else []
    responses = ["JSONResponse"] + (["PlainTextResponse"] if "PlainTextResponse" in routes else [])
    special = model_names(service)
    body = any(one.body is not None and "JsonValue" in used(one.body) for one in service.operations)
    answer = any(one.answer is not None and "JsonValue" in used(one.answer) for one in service.operations)
    typing = ["Annotated"] + (["Literal"] if "Literal[" in routes else [])
    models = [name for name in special if name not in ("JsonValue", "Literal")]
    title = service.wishes.title or service.name
    return "\n".join(
        line
        for line in (
            docstring(f"The FastAPI application of {service.name}: its routes and its health check.", 0),
            "from collections.abc import AsyncIterator\nfrom contextlib import asynccontextmanager",
            imported("typing", typing),
            "\n" + imported("fastapi", fastapi),
            imported("fastapi.responses", responses),
            imported("pydantic", ["BaseModel", *(["JsonValue"] if body or answer else [])]),
            "\n" + imported(f"{service.package}.client", ["Client", "UpstreamError", *(["MOST_BYTES"] if raw else [])]),
            imported(f"{service.package}.models", models),
            f"\nNAME = {literal(service.name)}\nTITLE = {literal(title)}",
            f"VERSION{': ' + version if version else ''} = {literal(service.version)}",
            _BODY + (_RECEIVED if raw else "") + routes + _END,
        )
        if line
    )
