"""Sample calls for the written tests: arguments, bodies, answers and what must be seen on the wire."""

from urllib.parse import quote

import httpx

from simulators.claude.brain.app_code import default_of, in_route
from simulators.claude.brain.naming import PLACEHOLDER
from simulators.claude.brain.operations import Operation, Service, static
from simulators.claude.brain.parameters import Parameter
from simulators.claude.brain.tests_parts import UPSTREAM
from simulators.claude.brain.types import ListOf, Ref, Scalar, Type, data, sample, spelled, used

_MOST_SHOWN = 20


def wire(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(operation: Operation, *, only_required: bool = False) -> list[Parameter]:
    """The parameters that a sample call gives: the required, and most of the others."""
    free = [one for one in operation.parameters if not one.required][:_MOST_SHOWN]
    return [one for one in operation.parameters if one.required or (one in free and not only_required)]


def value_of(one: Parameter, odd: bool = True) -> object:
    """A value for a parameter, unlike those of its neighbours where its type allows. `odd`: to be encoded in a path."""
    if isinstance(one.type, ListOf) and isinstance(one.type.item, Scalar):
        return [_scalar(one.type.item, one.number), _scalar(one.type.item, one.number + 1)]
    if odd and one.place == "path" and one.type == Scalar("str"):
        return odd_segment(one)
    return _scalar(one.type, one.number) if isinstance(one.type, Scalar) else sample(one.type, {})


def odd_segment(one: Parameter) -> str:
    return f"a/b {one.number + 1}"


def _scalar(type_: Scalar, number: int) -> object:
    match type_.name:
        case "str":
            return f"text{number + 1}"
        case "int":
            return number + 1
        case "float":
            return number + 1.5
        case "bool":
            return number % 2 == 0
    return sample(type_, {})


def sent(operation: Operation, service: Service, *, odd: bool = True, only_required: bool = False) -> str:
    """Method, path and query of the request that the sample call must lead to, as they stand on the wire.

    `odd`: what the client sends; else what the application does, which fills defaults in.
    """
    values = {one.wire: quote(wire(value_of(one, odd)), safe="") for one in operation.at("path")}
    parts = PLACEHOLDER.split("/" + operation.path.lstrip("/"))
    made = "".join(values[part] if at % 2 else static(part) for at, part in enumerate(parts))
    pairs = _query(operation, service, defaults=not odd, only_required=only_required)
    url = httpx.URL(UPSTREAM + made, params=tuple(pairs)) if pairs else httpx.URL(UPSTREAM + made)
    return f"{operation.method} {url.raw_path.decode('ascii').removeprefix('/base')}"


def _query(operation: Operation, service: Service, *, defaults: bool, only_required: bool) -> list[tuple[str, str]]:
    pairs = list(operation.fixed_query)
    given = shown(operation, only_required=only_required)
    for one in operation.at("query"):
        if one not in given:
            default = default_of(service, one) if defaults else None
            pairs += [(one.wire, wire(default))] if default is not None else []
            continue
        value = value_of(one)
        items = value if isinstance(value, list) else [value]
        pairs += [(one.wire, ",".join(map(wire, items)))] if one.joined else [(one.wire, wire(v)) for v in items]
    return pairs


def headers(operation: Operation) -> list[tuple[str, str]]:
    return [
        (one.wire, ",".join(map(wire, value)) if isinstance(value := value_of(one), list) else wire(value))
        for one in shown(operation)
        if one.place == "header"
    ]


def form(value: object, name: str = "") -> list[tuple[str, str]]:
    """The fields that a form of this value has on the wire."""
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in form(item, f"{name}[{key}]" if name else key)]
    if isinstance(value, list):
        return [pair for item in value for pair in form(item, f"{name}[]")]
    return [] if value is None else [(name, wire(value))]


def body_name(operation: Operation) -> str:
    return f"{operation.function.strip('_').upper()}_BODY"


def arguments(operation: Operation, *, only_required: bool = False) -> str:
    """The arguments of a sample call, as Python writes them."""
    given = shown(operation, only_required=only_required)
    made = [data(value_of(one)) for one in given if one.place == "path"]
    made += [f"body={body_name(operation)}"] if operation.body is not None else []
    made += [f"{one.name}={data(value_of(one))}" for one in given if one.place != "path"]
    return ", ".join(made)


def body(service: Service, operation: Operation) -> object:
    return sample(operation.body, service.models) if operation.body is not None else None


def answer(service: Service, operation: Operation) -> object:
    return sample(operation.answer, service.models) if operation.answer is not None else None


def response(operation: Operation) -> str:
    """The expression for the API's sample answer."""
    match operation.answer_kind:
        case "none":
            return "httpx.Response(204)"
        case "text":
            return 'httpx.Response(200, text="text")'
        case "raw":
            return 'httpx.Response(200, content=b"bytes")'
    return f"httpx.Response({operation.answer_status}, json=answer)"


def answer_lines(service: Service, operation: Operation) -> list[str]:
    """The line that binds `answer` to the API's sample answer, if that is JSON."""
    return [f"answer: JsonValue = {data(answer(service, operation))}"] if operation.answer_kind == "json" else []


def needs_model(type_: Type) -> bool:
    return bool(used(type_) - {"JsonValue", "Literal"})


def built(type_: Type, value: object, name: str) -> list[str]:
    """The lines that bind `name` to a value of a type, built from JSON."""
    if isinstance(type_, Ref):
        return [f"{name} = {type_.name}.model_validate({data(value)})"]
    if type_ == Scalar("bytes"):
        return [f'{name} = b"bytes"']
    text = spelled(type_)
    if needs_model(type_):
        return [f"{name}: {text} = TypeAdapter[{text}]({text}).validate_python({data(value)})"]
    return [f"{name}: {text} = {data(value)}"]


def url(operation: Operation) -> str:
    """The path of our own route in a sample call."""
    values = {one.public: quote(wire(value_of(one, odd=False)), safe="") for one in operation.at("path")}
    parts = PLACEHOLDER.split(operation.route)
    return "".join(values.get(part, "text") if at % 2 else part for at, part in enumerate(parts))


def request(operation: Operation, service: Service, upstream: str) -> str:
    """The expression that calls our own route, with the stand-in for the API."""
    parts = [upstream, f'"{operation.route_method.upper()}"', data(url(operation))]
    given = shown(operation)
    params = [(one.public, one) for one in given if one.place == "query"]
    params += [(one.public, one) for one in given if one.place == "path" and not in_route(operation, one)]
    if params:
        values = {name: wire_values(value_of(one, odd=False)) for name, one in params}
        parts.append(f"params={data(values)}")
    if given_headers := [
        (one.wire, item) for one in given if one.place == "header" for item in wire_values(value_of(one))
    ]:
        pairs = ", ".join(f"({data(name)}, {data(value)})" for name, value in given_headers)
        parts.append(f"headers=[{pairs}]")
    if operation.body_kind == "raw":
        parts.append('content=b"bytes"')
    elif operation.body is not None:
        parts.append(f"json={data(body(service, operation))}")
    return f"ask({', '.join(parts)})"


def wire_values(value: object) -> list[str]:
    return [wire(item) for item in value] if isinstance(value, list) else [wire(value)]


def bytes_of(value: object) -> str:
    """JSON data as Python's literal of its bytes."""
    return f"json.dumps({data(value)}).encode()"
