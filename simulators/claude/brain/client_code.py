"""Writes `client.py`."""

from simulators.claude.brain.naming import PLACEHOLDER
from simulators.claude.brain.operations import Operation, Service, static
from simulators.claude.brain.parameters import Parameter
from simulators.claude.brain.types import Ref, Type, literal, optional, quoted, spelled, used
from simulators.claude.brain.writing import docstring, imported

_PROMISE = "Calls the API. Every method raises UpstreamError where it cannot answer."
_ERROR = '''
class UpstreamError(Exception):
    """The API answered without success, or not at all: then `status` is None."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        """Keep the HTTP status beside the message."""
        super().__init__(message)
        self.status = status
'''
_SEND = '''
    async def __aenter__(self) -> Self:
        """Give the client; leaving closes its connections."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Value] | None = None,
        headers: Mapping[str, Value] | None = None,
        content: str | bytes | None = None,
    ) -> httpx.Response:
        try:
            response = await self._http.request(
                method,
                path,
                params=tuple(_pairs(query or {})) or None,
                headers=[(name.encode(), text.encode()) for name, text in _pairs(headers or {})],
                content=content,
            )
        except httpx.RequestError as error:
            reason = f"The API could not be reached: {type(error).__name__}"
            raise UpstreamError(reason) from error
        if not response.is_success:
            reason = f"The API answered {method} with {response.status_code}"
            raise UpstreamError(reason, status=response.status_code)
        return response
'''
_PAIRS = '''
def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pairs(values: Mapping[str, Value]) -> list[tuple[str, str]]:
    """The values that are given, as a URL or a header carries them; lists are repeated."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, str | int | float):
            pairs.append((name, _text(value)))
        elif value is not None:
            pairs.extend((name, _text(item)) for item in value)
    return pairs
'''
_SEGMENT = '''
def _segment(value: Scalar) -> str:
    """One segment of a path; one that would lead elsewhere names nothing."""
    text = _text(value)
    if text in ("", ".", ".."):
        raise UpstreamError("The API has no such path", status=404)
    return quote(text, safe="")
'''
_JOINED = '''
def _joined(values: Sequence[Scalar] | None) -> str | None:
    """The values in one text, separated by commas."""
    return None if values is None else ",".join(_text(value) for value in values)
'''
_FORM = '''
def _form(value: JsonValue, name: str = "") -> list[tuple[str, str]]:
    """The fields of a form; those inside others are named as in `outer[inner]`."""
    if isinstance(value, dict):
        fields = value.items()
        nested = [(f"{name}[{key}]" if name else key, item) for key, item in fields]
        return [pair for key, item in nested for pair in _form(item, key)]
    if isinstance(value, list):
        return [pair for item in value for pair in _form(item, f"{name}[]")]
    return [] if value is None else [(name, _text(value))]
'''


def signature_type(one: Parameter) -> str:
    """A parameter's annotation; those that may be left out may be None."""
    return spelled(one.type if one.required else optional(one.type))


def adapter(operation: Operation, what: str) -> str:
    """The name of the adapter for an operation's body or answer, where it is no model."""
    return f"_{operation.function.strip('_').upper()}_{what.upper()}"


def _path(operation: Operation) -> str:
    """The path as an f-string, its placeholders filled and percent-encoded."""
    names = {one.wire: one.name for one in operation.at("path")}
    pieces: list[str] = []
    for at, part in enumerate(PLACEHOLDER.split("/" + operation.path.lstrip("/"))):
        if at % 2:
            pieces.append(f"{{_segment({names[part]})}}")
        else:
            text = static(part)
            pieces += [text[i : i + 60] for i in range(0, len(text), 60)]
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(lines[-1]) + len(piece) > 72:
            lines.append("")
        lines[-1] += piece
    spelled_out = [f'f"{line}"' if "{" in line else f'"{line}"' for line in lines]
    return spelled_out[0] if len(spelled_out) == 1 else f"({' '.join(spelled_out)})"


def _mapping(parameters: list[Parameter], fixed: tuple[tuple[str, str], ...] = ()) -> str:
    entries = [f"{literal(name)}: {literal(value)}" for name, value in fixed]
    for one in parameters:
        value = f"_joined({one.name})" if one.joined else one.name
        entries.append(f"{literal(one.wire)}: {value}")
    return "{" + ", ".join(entries) + "}"


def _content(operation: Operation) -> str:
    """The expression for a request's body as text or bytes."""
    if operation.body is None or operation.body_kind == "raw":
        return "body"
    mode = "mode='json', " if operation.body_kind == "form" else ""
    verb = "model_dump" if isinstance(operation.body, Ref) else "dump_python" if mode else "dump_json"
    verb = "model_dump_json" if isinstance(operation.body, Ref) and not mode else verb
    options = f"{mode}by_alias=True, exclude_unset=True"
    if isinstance(operation.body, Ref):
        made = f"body.{verb}({options})"
    else:
        made = f"{adapter(operation, 'body')}.{verb}(body, {options})"
    made = f"urlencode(_form({made}))" if mode else made
    return made if operation.body_required else f"None if body is None else {made}"


def _result(operation: Operation) -> list[str]:
    match operation.answer_kind:
        case "none":
            return []
        case "text":
            return ["return response.text"]
        case "raw":
            return ["return response.content"]
    if isinstance(operation.answer, Ref):
        return [f"return {operation.answer.name}.model_validate_json(response.content)"]
    return [f"return {adapter(operation, 'answer')}.validate_json(response.content)"]


def answer_type(operation: Operation) -> str:
    return spelled(operation.answer) if operation.answer is not None else "None"


def _method(operation: Operation) -> str:
    positional = [f"{one.name}: {signature_type(one)}" for one in operation.at("path")]
    named = []
    if operation.body is not None:
        body = operation.body if operation.body_required else optional(operation.body)
        named.append(f"body: {spelled(body)}" + ("" if operation.body_required else " = None"))
    named += [
        f"{one.name}: {signature_type(one)}" + ("" if one.required else " = None")
        for one in operation.arguments
        if one.place != "path"
    ]
    arguments = ", ".join(["self", *positional, *(["*", *named] if named else [])])
    call = [quoted(operation.method), _path(operation)]
    if operation.at("query") or operation.fixed_query:
        call.append(f"query={_mapping(operation.at('query'), operation.fixed_query)}")
    kind = (("Content-Type", operation.body_media),) if operation.body is not None else ()
    if operation.at("header") or kind:
        call.append(f"headers={_mapping(operation.at('header'), kind)}")
    if operation.body is not None:
        call.append(f"content={_content(operation)}")
    result = _result(operation)
    start = "response = " if result else ""
    lines = [f"{start}await self._send({', '.join(call)})", *result]
    indented = "\n".join(f"        {line}" for line in lines)
    doc = docstring(operation.description, 8)
    return f"    async def {operation.function}({arguments}) -> {answer_type(operation)}:\n{doc}\n{indented}\n"


def _init(service: Service) -> str:
    lines = [f'headers = {{"User-Agent": {literal(f"{service.name}/{service.version}")}}}']
    if all(operation.answer_kind in ("json", "none") for operation in service.operations):
        lines.append('headers["Accept"] = "application/json"')
    lines += [f"headers[{literal(name)}] = {literal(value)}" for name, value in service.wishes.headers]
    extra = ""
    authorized = False
    for one in service.credentials:
        if one.kind in ("bearer", "basic") and authorized:
            continue  # one Authorization header a request
        first = quoted(one.variables[0])
        if one.kind == "bearer":
            lines += [f"if token := os.environ.get({first}):", '    headers["Authorization"] = f"Bearer {token}"']
        elif one.kind == "header":
            lines += [f"if key := os.environ.get({first}):", f"    headers[{literal(one.field)}] = key"]
        elif one.kind == "query":
            if "params=" not in extra:
                lines.append("params: dict[str, str] = {}")
                extra += ", params=params"
            lines += [f"if key := os.environ.get({first}):", f"    params[{literal(one.field)}] = key"]
        else:
            lines += [
                f"user, word = os.environ.get({first}), os.environ.get({quoted(one.variables[1])})",
                "basic = httpx.BasicAuth(user, word) if user and word else None",
            ]
            extra += ", auth=basic"
        authorized = authorized or one.kind in ("bearer", "basic")
    lines.append(
        'self._http = httpx.AsyncClient(base_url=base_url or os.environ.get("BASE_URL") or BASE_URL, '
        f"headers=headers, timeout=TIMEOUT_SECONDS, transport=transport{extra})"
    )
    body = "\n".join(f"        {line}" for line in lines)
    return (
        "    def __init__(self, *, base_url: str | None = None, "
        "transport: httpx.AsyncBaseTransport | None = None) -> None:\n"
        '        """Read the base URL and the secrets from the environment; `transport` is for tests."""\n'
        + body
        + "\n"
    )


def _adapters(service: Service) -> list[str]:
    lines: list[str] = []
    for operation in service.operations:
        for what, type_, needed in (
            ("body", operation.body, operation.body_kind in ("json", "form")),
            ("answer", operation.answer, operation.answer_kind == "json"),
        ):
            if needed and type_ is not None and not isinstance(type_, Ref):
                text = spelled(type_)
                lines.append(f"{adapter(operation, what)}: TypeAdapter[{text}] = TypeAdapter({text})")
    return lines


def _types(service: Service) -> list[Type]:
    return [
        type_
        for operation in service.operations
        for type_ in (operation.body, operation.answer, *(one.type for one in operation.parameters))
        if type_ is not None
    ]


def model_names(service: Service) -> list[str]:
    """The models and special forms that the client's and the app's signatures name."""
    return sorted(set().union(*(used(type_) for type_ in _types(service))))


def client_code(service: Service) -> str:
    """The module with the client."""
    operations = service.operations
    names = model_names(service)
    forms = any(one.body_kind == "form" for one in operations)
    adapters = _adapters(service)
    paths = any(one.at("path") for one in operations)
    joined = any(parameter.joined for one in operations for parameter in one.parameters)
    quoting = (["quote"] if paths else []) + (["urlencode"] if forms else [])
    pydantic = (["JsonValue"] if "JsonValue" in names or forms else []) + (["TypeAdapter"] if adapters else [])
    literals = ["Literal"] if any("Literal" in used(type_) for type_ in _types(service)) else []
    head = [
        docstring(f"A typed client of the API behind {service.name}.", 0),
        "from __future__ import annotations\n\nimport os",
        "from collections.abc import Mapping, Sequence\nfrom types import TracebackType",
        imported("typing", [*literals, "Self"]),
        imported("urllib.parse", quoting),
        "\nimport httpx",
        imported("pydantic", pydantic),
        "\n" + imported(f"{service.package}.models", [name for name in names if name not in ("JsonValue", "Literal")]),
        f"\nBASE_URL = {literal(service.base_url)}\nTIMEOUT_SECONDS = {service.wishes.timeout!r}\n",
        "Scalar = str | int | float | bool\nValue = Scalar | Sequence[Scalar] | None",
        *adapters,
    ]
    helpers = [_PAIRS, *([_SEGMENT] if paths else []), *([_JOINED] if joined else []), *([_FORM] if forms else [])]
    methods = "\n".join(_method(operation) for operation in operations)
    body = f"class Client:\n{docstring(_PROMISE, 4)}\n\n{_init(service)}"
    return "\n".join([*(line for line in head if line), _ERROR, *helpers, "", "", body + _SEND, methods])
