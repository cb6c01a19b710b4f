"""Writes `client.py`."""

import re

from simulators.claude.brain import client_parts as parts
from simulators.claude.brain.naming import PLACEHOLDER
from simulators.claude.brain.operations import Operation, Service, static
from simulators.claude.brain.parameters import Parameter
from simulators.claude.brain.types import Json, ListOf, Ref, Scalar, Type, literal, optional, quoted, spelled, used
from simulators.claude.brain.writing import docstring, imported


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
        entries.append(f"{literal(one.wire, max(20, 74 - len(value)))}: {value}")
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


def _returned(operation: Operation, sent: str) -> str:
    """The statement that sends the request and gives what came back."""
    match operation.answer_kind:
        case "none":
            return sent
        case "text":
            return f'return ({sent}).decode(errors="replace")'
        case "raw":
            return f"return {sent}"
    return f"return _parsed({adapter(operation, 'answer')}, {sent})"


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
    returned = _returned(operation, f"await self._send({', '.join(call)})")
    doc = docstring(operation.description, 8)
    return f"    async def {operation.function}({arguments}) -> {answer_type(operation)}:\n{doc}\n        {returned}\n"


def _init(service: Service) -> str:
    lines = [f'headers = {{"User-Agent": {literal(f"{service.name}/{service.version}")}}}']
    if all(operation.answer_kind in ("json", "none") for operation in service.operations):
        lines.append('headers["Accept"] = "application/json"')
    lines += [f"headers[{literal(name)}] = {literal(value)}" for name, value in service.wishes.headers]
    extra = ""
    for one in service.sent_credentials:
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
        body, answer = operation.body, operation.answer
        if body is not None and operation.body_kind in ("json", "form") and not isinstance(body, Ref):
            lines.append(_adapter_line(adapter(operation, "body"), body))
        if answer is not None and operation.answer_kind == "json":
            lines.append(_adapter_line(adapter(operation, "answer"), answer))
    return lines


def _adapter_line(name: str, type_: Type) -> str:
    text = spelled(type_)
    return f"{name}: TypeAdapter[{text}] = TypeAdapter({text})"


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


def _wired(service: Service) -> list[Type]:
    """The types of what travels in paths, queries, headers and forms."""
    types: list[Type] = [parameter.type for one in service.operations for parameter in one.parameters]
    return types + [Json() for one in service.operations if one.body_kind == "form"]


def _helpers(service: Service) -> list[str]:
    operations = service.operations
    types = _wired(service)
    items = [one.item if isinstance(one, ListOf) else one for one in types]
    parameters = [one for operation in operations for one in operation.parameters]
    return parts.helpers(
        pairs=bool({"query", "headers"} & set(_sent(service))),
        lists=any(isinstance(one.type, ListOf) and not one.joined for one in parameters),
        truths=any(one == Scalar("bool") or isinstance(one, Json) for one in items),
        paths=any(one.at("path") for one in operations),
        free_paths=any(one.place == "path" and one.type == Scalar("str") for one in parameters),
        joined=any(one.joined for one in parameters),
        forms=any(one.body_kind == "form" for one in operations),
    )


def _sent(service: Service) -> list[str]:
    operations = service.operations
    needed = {
        "query": any(one.at("query") or one.fixed_query for one in operations),
        "headers": any(one.at("header") or one.body is not None for one in operations),
        "content": any(one.body is not None for one in operations),
    }
    return [name for name, needs in needed.items() if needs]


def _imports(service: Service, code: str) -> list[str]:
    names = model_names(service)
    models = [name for name in names if name not in ("JsonValue", "Literal")]
    generics = ["Mapping"] if "Mapping[" in code else []
    generics += ["Sequence"] if "Sequence[" in code else []
    pydantic = [name for name in ("JsonValue", "TypeAdapter", "ValidationError") if _uses(code, name)]
    return [
        docstring(f"A typed client of the API behind {service.name}.", 0),
        "from __future__ import annotations\n\nimport os",
        imported("collections.abc", generics),
        "from types import TracebackType",
        imported("typing", [name for name in ("Literal", "Self", "TypeVar") if _uses(code, name)]),
        imported("urllib.parse", [name for name in ("quote", "urlencode") if f"{name}(" in code]),
        "\nimport httpx",
        imported("pydantic", pydantic),
        "\n" + imported(f"{service.package}.models", models),
    ]


def _uses(code: str, name: str) -> bool:
    return re.search(rf"(?<![\w\"]){name}\b", code) is not None


def client_code(service: Service) -> str:
    """The module with the client."""
    helpers = _helpers(service)
    parsed = any(one.answer_kind == "json" for one in service.operations)
    settings = [
        f"\nBASE_URL = {literal(service.base_url)}\nTIMEOUT_SECONDS = {service.wishes.timeout!r}",
        "MOST_BYTES = 8 * 1024 * 1024\n",
        *(["Scalar = str | int | float | bool"] if helpers else []),
        *([f"Value = Scalar{' | Sequence[Scalar]' if _repeats(helpers) else ''} | None"] if _sent(service) else []),
        *(['T = TypeVar("T")'] if parsed else []),
        *_adapters(service),
    ]
    body = (
        f"class Client:\n{docstring(parts.PROMISE, 4)}\n\n{_init(service)}{parts.CLOSING}{parts.send(_sent(service))}"
    )
    methods = "\n".join(_method(operation) for operation in service.operations)
    functions = [*helpers, parts.BOUNDED, *([parts.PARSED] if parsed else [])]
    code = "\n".join([*settings, parts.ERROR, *functions, "", "", body, methods])
    return "\n".join([*(line for line in _imports(service, code) if line), code])


def _repeats(helpers: list[str]) -> bool:
    return any("lists are repeated" in text for text in helpers)
