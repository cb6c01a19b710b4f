"""Sample calls for the written tests: arguments, bodies, answers and what must be seen on the wire."""

from urllib.parse import quote

import httpx

from simulators.claude.brain.app_code import in_route
from simulators.claude.brain.naming import PLACEHOLDER
from simulators.claude.brain.operations import Operation, Service, static
from simulators.claude.brain.parameters import Parameter
from simulators.claude.brain.types import Ref, Scalar, Type, data, sample, spelled, used

UPSTREAM = "http://upstream.test/base"
ODD_SEGMENT = "a/b c"


def wire(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(operation: Operation) -> list[Parameter]:
    """The parameters that a sample call gives: the required, and some of the others."""
    free = [one for one in operation.parameters if not one.required][:5]
    return [one for one in operation.parameters if one.required or one in free]


def value_of(one: Parameter, odd: bool = True) -> object:
    value = sample(one.type, {})
    return ODD_SEGMENT if odd and one.place == "path" and one.type == Scalar("str") else value


def raw_path(operation: Operation) -> bytes:
    """The path that the sample call must ask for, as it stands in the request."""
    values = {one.wire: quote(wire(value_of(one)), safe="") for one in operation.at("path")}
    parts = PLACEHOLDER.split("/" + operation.path.lstrip("/"))
    made = "".join(values[part] if at % 2 else static(part) for at, part in enumerate(parts))
    return httpx.URL(UPSTREAM + made).raw_path


def query(operation: Operation) -> list[tuple[str, str]]:
    """The pairs that the sample call must send."""
    pairs = list(operation.fixed_query)
    for one in shown(operation):
        if one.place == "query":
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


def body_name(operation: Operation) -> str:
    return f"{operation.function.strip('_').upper()}_BODY"


def arguments(operation: Operation, *, only_required: bool = False) -> str:
    """The arguments of a sample call, as Python writes them."""
    given = [one for one in shown(operation) if one.required or not only_required]
    made = [data(value_of(one)) for one in given if one.place == "path"]
    made += [f"body={body_name(operation)}"] if operation.body is not None else []
    made += [f"{one.name}={data(value_of(one))}" for one in given if one.place != "path"]
    return ", ".join(made)


def body(service: Service, operation: Operation) -> object:
    return sample(operation.body, service.models) if operation.body is not None else None


def answer(service: Service, operation: Operation) -> object:
    return sample(operation.answer, service.models) if operation.answer is not None else None


def response(service: Service, operation: Operation) -> str:
    """The expression for the API's sample answer."""
    match operation.answer_kind:
        case "none":
            return "httpx.Response(204)"
        case "text":
            return 'httpx.Response(200, text="text")'
        case "raw":
            return 'httpx.Response(200, content=b"bytes")'
    del service
    return f"httpx.Response({operation.answer_status}, json=answer)"


def answer_lines(service: Service, operation: Operation) -> list[str]:
    """The line that binds `answer` to the API's sample answer, if that is JSON."""
    return [f"answer = {data(answer(service, operation))}"] if operation.answer_kind == "json" else []


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
    """The expression that calls our own route, with what the API answers meanwhile."""
    parts = [upstream, f'"{operation.route_method.upper()}"', data(url(operation))]
    given = shown(operation)
    params = [(one.public, one) for one in given if one.place == "query"]
    params += [(one.public, one) for one in given if one.place == "path" and not in_route(operation, one)]
    if params:
        values = {name: wire_values(value_of(one, odd=False)) for name, one in params}
        parts.append(f"params={data(values)}")
    if sent := {one.wire: wire_values(value_of(one))[0] for one in given if one.place == "header"}:
        parts.append(f"headers={data(sent)}")
    if operation.body_kind == "raw":
        parts.append('content=b"bytes"')
    elif operation.body is not None:
        parts.append(f"json={data(body(service, operation))}")
    return f"ask({', '.join(parts)})"


def wire_values(value: object) -> list[str]:
    return [wire(item) for item in value] if isinstance(value, list) else [wire(value)]
