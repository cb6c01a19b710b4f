"""The port `Comparing`: what a change of an API's document means for those who use some of its operations.

Breaking is what an integration that was built for the old document may stumble over: an operation that is gone or
moved, a parameter or field that must be sent now, a field of an answer that is gone or of another type, other
credentials, another server. Anything else is a note.
"""

import json
import re
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from adapters.openapi.bounds import refused
from adapters.openapi.model import Model, Operation, checked
from adapters.openapi.references import Object, items, mapping, text, whole
from adapters.openapi.servers import filled
from adapters.openapi.shapes import Shape, shape
from domain.drift import MOST_SHOWN, Difference, DifferenceKind

_PLACEHOLDER = re.compile(r"\{[^}]*\}")


class OpenApiComparing:
    def compare(self, before: bytes, after: bytes, operations: Sequence[tuple[str, str]]) -> list[Difference]:
        """Takes a second or so for documents of megabytes: call it in a thread."""
        old, new = _model(before), _model(after)
        found: list[Difference] = []
        for method, path in operations:
            was = _at(old, method, path)
            if was is not None:
                found += _operation(old, new, was)
        found += _others(old, new, operations)
        return sorted(dict.fromkeys(found), key=lambda one: not one.breaking)[:MOST_SHOWN]


def _model(document: bytes) -> Model:
    try:
        root = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise refused("it was not normalised before it was compared.") from error
    return Model(checked(root))


def _operation(old: Model, new: Model, was: Operation) -> Iterator[Difference]:
    is_now = _same(new, was)
    if is_now is None:
        moved = _moved(new, was)
        if moved is None:
            yield _breaking("operation_gone", was, "is gone")
        else:
            yield _breaking("operation_moved", was, f"moved to {_name(moved)}")
        return
    yield from _parameters(old, new, was, is_now)
    yield from _body(old, new, was, is_now)
    yield from _answers(old, new, was, is_now)
    if not _accepted(old, was) & _accepted(new, is_now):
        yield _breaking("authentication_changed", was, f"is authenticated otherwise: {_credentials(new, is_now)}")
    there, here = _servers(old, was)[0], _servers(new, is_now)
    if there not in here:
        yield _breaking("server_changed", was, f"is not at {there} any more, but at {', '.join(here)}")


def _parameters(old: Model, new: Model, was: Operation, is_now: Operation) -> Iterator[Difference]:
    before, after = _parameters_of(old, was), _parameters_of(new, is_now)
    for key in sorted(after):
        name = f"the parameter {key[1]} ({key[0]})"
        required = after[key].get("required") is True
        if key not in before:
            if required:
                yield _breaking("parameter_required", was, f"{name} is new and must be given")
            else:
                yield _note(was, f"{name} is new")
        elif required and before[key].get("required") is not True:
            yield _breaking("parameter_required", was, f"{name} must be given now")
        elif not _takes(old, before[key].get("schema"), new, after[key].get("schema")):
            yield _breaking("parameter_changed", was, f"{name} takes other values now")
    for key in sorted(before.keys() - after.keys()):
        yield _note(was, f"the parameter {key[1]} ({key[0]}) is gone")


def _parameters_of(model: Model, operation: Operation) -> dict[tuple[str, str], Object]:
    """By place and name; those in the path by their order, since their names are nobody's business."""
    found: dict[tuple[str, str], Object] = {}
    order = {name: f"{number}" for number, name in enumerate(_PLACEHOLDER.findall(operation.path), 1)}
    for value in [*items(operation.item.get("parameters")), *items(operation.node.get("parameters"))]:
        parameter = whole(dict(model.root), value)
        place, name = text(parameter.get("in")), text(parameter.get("name"))
        if place == "path":
            name = order.get(f"{{{name}}}", name)
        found[place, name.lower() if place == "header" else name] = parameter
    return found


def _body(old: Model, new: Model, was: Operation, is_now: Operation) -> Iterator[Difference]:
    before, after = (
        whole(dict(model.root), operation.node.get("requestBody")) for model, operation in ((old, was), (new, is_now))
    )
    if after.get("required") is True and before.get("required") is not True:
        yield _breaking("body_changed", was, "a body must be sent now")
        return
    sent, taken = _content(old, before), _content(new, after)
    if sent is None or taken is None:
        return
    for field in sorted(taken.required - sent.required):
        yield _breaking("body_changed", was, f"the field {field} of the body must be sent now")
    for field in sorted(sent.types.keys() & taken.types.keys()):
        if not _within(sent.types[field], taken.types[field]):
            yield _breaking(
                "body_changed", was, f"the field {field} of the body is of another type: {taken.said(field)}"
            )
    for field in sorted(taken.types.keys() - sent.types.keys() - taken.required):
        yield _note(was, f"the field {field} of the body is new")


def _answers(old: Model, new: Model, was: Operation, is_now: Operation) -> Iterator[Difference]:
    before, after = _answers_of(old, was), _answers_of(new, is_now)
    for status in sorted(before.keys() - after.keys()):
        yield _breaking("response_changed", was, f"does not answer {status} any more")
    for status in sorted(before.keys() & after.keys()):
        read, given = _content(old, before[status]), _content(new, after[status])
        if read is None:
            continue
        if given is None:
            yield _breaking("response_changed", was, f"says nothing any more with {status}")
            continue
        gone = set() if given.cut else read.types.keys() - given.types.keys()
        for field in sorted(gone):
            if not any(field != other and field.startswith((f"{other}.", f"{other}[]")) for other in gone):
                yield _breaking("response_changed", was, f"the field {field} of the answer {status} is gone")
        for field in sorted(read.types.keys() & given.types.keys()):
            if not _within(given.types[field], read.types[field]):
                what = f"the field {field} of the answer {status} is of another type: {given.said(field)}"
                yield _breaking("response_changed", was, what)
        for field in sorted((read.required & given.types.keys()) - given.required):
            yield _note(was, f"the field {field} of the answer {status} may be missing now")
        for field in sorted(given.types.keys() - read.types.keys()):
            yield _note(was, f"the field {field} of the answer {status} is new")


def _answers_of(model: Model, operation: Operation) -> dict[str, Object]:
    """Those of success."""
    answers = mapping(operation.node.get("responses"))
    return {status: whole(dict(model.root), value) for status, value in answers.items() if status.startswith("2")}


def _content(model: Model, holder: Object) -> Shape | None:
    """The shape of a body in JSON; None if there is none, or nothing is said of it."""
    content = mapping(holder.get("content"))
    for media_type, value in sorted(content.items()):
        if re.fullmatch(r"application/([a-z0-9.+-]+\+)?json(;.*)?", media_type.lower()):
            schema = whole(dict(model.root), value).get("schema")
            return None if schema is None else shape(model.root, schema)
    return None


def _takes(old: Model, before: JsonValue, new: Model, after: JsonValue) -> bool:
    """Whether what was sent for the old schema is taken by the new one."""
    sent, taken = shape(old.root, before), shape(new.root, after)
    return all(_within(sent.types[field], taken.types[field]) for field in sent.types.keys() & taken.types.keys())


def _within(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether values of `some` types are of `others`: every integer is a number. Of no type named nothing is known."""
    allowed = others | {"integer"} if "number" in others else others
    return "any" in others or "any" in some or some <= allowed


def _accepted(model: Model, operation: Operation) -> set[str]:
    """The alternatives by which it can be authenticated, each as what is sent. Without any, nothing has to be."""
    declared = operation.node.get("security", model.root.get("security"))
    schemes = mapping(mapping(model.root.get("components")).get("securitySchemes"))
    return {
        " and ".join(sorted(_scheme(whole(dict(model.root), schemes.get(name))) for name in mapping(needed)))
        for needed in items(declared)
    } or {""}


def _scheme(scheme: Object) -> str:
    parts = [text(scheme.get(key)).lower() for key in ("type", "scheme", "in", "name")]
    return " ".join(part for part in parts if part) or "unknown"


def _credentials(model: Model, operation: Operation) -> str:
    return " or ".join(sorted(one or "nothing" for one in _accepted(model, operation)))


def _servers(model: Model, operation: Operation) -> list[str]:
    """The base URLs. An integration uses the first, so that the others are no loss."""
    for holder in (operation.node, operation.item, model.root):
        if named := items(holder.get("servers")):
            return [filled(one).rstrip("/") for one in named]
    return ["/"]


def _others(old: Model, new: Model, used: Sequence[tuple[str, str]]) -> Iterator[Difference]:
    """What became of the operations that nobody here uses, in a line each."""
    kept = {_place(method, path) for method, path in used}
    before = {_place(one.method, one.path) for one in old.operations} - kept
    after = {_place(one.method, one.path) for one in new.operations} - kept
    for count, what in ((len(after - before), "new"), (len(before - after), "gone")):
        if count:
            words = f"{count} other operation{'s are' if count > 1 else ' is'} {what}"
            yield Difference(kind="note", breaking=False, what=words)


def _at(model: Model, method: str, path: str) -> Operation | None:
    return next((one for one in model.operations if (one.method, one.path) == (method, path)), None)


def _same(model: Model, was: Operation) -> Operation | None:
    """At the same address, whatever its placeholders are named."""
    address = _place(was.method, was.path)
    return next((one for one in model.operations if _place(one.method, one.path) == address), None)


def _moved(model: Model, was: Operation) -> Operation | None:
    wanted = text(was.node.get("operationId"))
    return next((one for one in model.operations if wanted and one.node.get("operationId") == wanted), None)


def _place(method: str, path: str) -> str:
    return f"{method} {_PLACEHOLDER.sub('{}', path)}"


def _name(operation: Operation) -> str:
    return f"{operation.method.upper()} {operation.path}"[:300]


def _breaking(kind: DifferenceKind, operation: Operation, what: str) -> Difference:
    return Difference(kind=kind, breaking=True, where=_name(operation), what=what[:500])


def _note(operation: Operation, what: str) -> Difference:
    return Difference(kind="note", breaking=False, where=_name(operation), what=what[:500])
