"""An approved plan and what the document says of its operations, made into what is to be written."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, quote

from simulators.claude.brain.naming import PLACEHOLDER, ascii_text, distinct, function, sentence
from simulators.claude.brain.parameters import Parameter, parameters_of
from simulators.claude.brain.schemas import Schemas
from simulators.claude.brain.security import Credential, credentials
from simulators.claude.brain.types import Json, Model, Scalar, Type

_WITHOUT_BODY = (204, 205)
BodyKind = Literal["none", "json", "form", "raw"]
AnswerKind = Literal["none", "json", "text", "raw"]


@dataclass(frozen=True)
class Operation:
    """One operation of the outside API and the capability it backs."""

    function: str
    capability: str
    description: str
    method: str
    route_method: str
    route: str
    path: str
    fixed_query: tuple[tuple[str, str], ...]
    parameters: tuple[Parameter, ...]
    left_out: tuple[str, ...]
    body: Type | None
    body_kind: BodyKind
    body_required: bool
    body_media: str
    answer: Type | None
    answer_kind: AnswerKind
    answer_status: int
    credentials: tuple[Credential, ...]

    def at(self, place: str) -> list[Parameter]:
        return [one for one in self.parameters if one.place == place]

    @property
    def arguments(self) -> list[Parameter]:
        """The parameters as a signature has them: the required first."""
        return sorted(self.parameters, key=lambda one: not one.required)


@dataclass(frozen=True)
class Wishes:
    """What people asked to have changed, as far as it is understood; `notes` has all of it in words."""

    title: str = ""
    timeout: float = 10.0
    headers: tuple[tuple[str, str], ...] = ()
    defaults: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class Service:
    """All that is to be written."""

    name: str
    package: str
    version: str
    summary: str
    base_url: str
    operations: list[Operation]
    models: dict[str, Model]
    missing: list[str]
    acceptance: list[str] = field(default_factory=list)
    settings: list[tuple[str, str]] = field(default_factory=list)
    wishes: Wishes = field(default_factory=Wishes)

    @property
    def credentials(self) -> list[Credential]:
        return list(dict.fromkeys(one for operation in self.operations for one in operation.credentials))

    @property
    def sent_credentials(self) -> list[Credential]:
        """Those that a request carries: of several that need its one Authorization header, the first."""
        known = self.credentials
        first = next((one for one in known if one.kind in ("bearer", "basic")), None)
        return [one for one in known if one.kind in ("header", "query") or one == first]


def service(
    plan: dict[str, Any],
    version: str,
    read: dict[tuple[str, str], dict[str, Any]],
    schemas: dict[str, Any],
    *,
    simple: bool = False,
    wishes: Wishes | None = None,
) -> Service:
    """What to write for a plan. `simple` does without models, for when they were found wanting."""
    known = Schemas(schemas, simple=simple)
    secrets = [str(secret.get("name")) for secret in plan.get("secrets") or [] if isinstance(secret, dict)]
    found = [read.get((c["operation"]["method"], c["operation"]["path"]), {}) for c in plan["capabilities"]]
    access = credentials(found, secrets)
    taken: list[str] = []
    operations: list[Operation] = []
    for capability, details, uses in zip(plan["capabilities"], found, access, strict=True):
        operations.append(_operation(capability, details, known, uses, taken))
        taken.append(operations[-1].function)
    known.finish()
    return Service(
        name=str(plan["name"]),
        package=str(plan["name"]).replace("-", "_") + "_integration",
        version=version,
        summary=sentence(str(plan.get("summary", "")), str(plan["name"]), 400),
        base_url=str(plan["base_url"]),
        operations=operations,
        models=known.models,
        missing=[] if simple else known.missing,
        acceptance=[ascii_text(str(line), 400) for line in plan.get("acceptance") or []],
        settings=[
            (str(key.get("name")), ascii_text(str(key.get("description", "")), 300))
            for key in plan.get("configuration") or []
            if isinstance(key, dict) and key.get("name") != "BASE_URL"
        ],
        wishes=wishes or Wishes(),
    )


def _operation(
    capability: dict[str, Any],
    details: dict[str, Any],
    schemas: Schemas,
    uses: tuple[Credential, ...],
    taken: list[str],
) -> Operation:
    place = capability["operation"]
    method, path = str(place["method"]).lower(), str(place["path"])
    operation = details.get("operation") if isinstance(details.get("operation"), dict) else {}
    operation = operation or {}
    name = distinct(function(str(operation.get("operationId") or capability["name"])), taken)
    declared = details.get("parameters") or operation.get("parameters") or []
    parameters, left_out = parameters_of(
        path.split("#", maxsplit=1)[0].partition("?")[0], str(capability["route"]), declared, schemas, name
    )
    body, body_kind, media, body_required = _body(operation.get("requestBody"), schemas, name)
    answer, answer_kind, status = _answer(operation.get("responses"), schemas, name, reads=method == "get")
    bare, _, query = path.split("#", maxsplit=1)[0].partition("?")
    fixed = [pair for pair in parse_qsl(query, keep_blank_values=True) if not PLACEHOLDER.search("".join(pair))]
    return Operation(
        function=name,
        capability=str(capability["name"]),
        description=sentence(str(capability.get("description") or ""), name),
        method=method.upper(),
        route_method=str(capability["method"]).lower(),
        route=str(capability["route"]),
        path=bare,
        fixed_query=tuple(fixed),
        parameters=parameters,
        left_out=left_out,
        body=body,
        body_kind=body_kind,
        body_required=body_required,
        body_media=media,
        answer=answer,
        answer_kind=answer_kind,
        answer_status=status,
        credentials=uses,
    )


def _media(content: object) -> tuple[str, dict[str, Any]]:
    """The media type to use: JSON if there is one."""
    kinds = {str(k): v for k, v in content.items() if isinstance(v, dict)} if isinstance(content, dict) else {}
    for fits in (_is_json, lambda kind: "form-urlencoded" in kind, lambda kind: kind.startswith("text/")):
        for kind, value in kinds.items():
            if fits(kind.lower()):
                return kind.lower(), value
    return next(((k.lower(), v) for k, v in kinds.items()), ("", {}))


def _is_json(kind: str) -> bool:
    bare = kind.split(";", maxsplit=1)[0].strip()
    return bare in ("application/json", "*/*", "application/*") or bare.endswith("+json")


def _body(body: object, schemas: Schemas, owner: str) -> tuple[Type | None, BodyKind, str, bool]:
    if not isinstance(body, dict) or not body.get("content"):
        return None, "none", "", False
    kind, value = _media(body["content"])
    required = body.get("required") is True
    if _is_json(kind) and not _is_binary(value.get("schema")):
        return schemas.type_of(value.get("schema"), f"{owner} body"), "json", "application/json", required
    if "form-urlencoded" in kind:
        return schemas.type_of(value.get("schema"), f"{owner} body"), "form", kind, required
    safe = kind if re.fullmatch(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+", kind) else "application/octet-stream"
    return Scalar("bytes"), "raw", safe, required


def _is_binary(schema: object) -> bool:
    """Documents call bytes JSON that are not."""
    return isinstance(schema, dict) and schema.get("type") == "string" and schema.get("format") == "binary"


def _answer(responses: object, schemas: Schemas, owner: str, *, reads: bool) -> tuple[Type | None, AnswerKind, int]:
    if not isinstance(responses, dict) or not responses:
        return Json(), "json", 200
    good = {
        str(code): value for code, value in responses.items() if re.fullmatch(r"2\d\d|2XX", str(code), re.IGNORECASE)
    }
    if not good and "default" in responses:
        good = {"200": responses["default"]}
    for code, value in sorted(good.items()):
        content = value.get("content") if isinstance(value, dict) else None
        status = int(code) if code.isdigit() else 200
        if not content or status in _WITHOUT_BODY:
            continue
        kind, media = _media(content)
        if _is_json(kind) and not _is_binary(media.get("schema")):
            return schemas.type_of(media.get("schema"), f"{owner} answer"), "json", status
        return (Scalar("str"), "text", status) if kind.startswith("text/") else (Scalar("bytes"), "raw", status)
    # Who reads wants the answer, also where the document does not say what it is like.
    return (Scalar("bytes"), "raw", 200) if reads and set(good) - {"204", "205"} else (None, "none", 204)


def static(part: str) -> str:
    """A fixed piece of a path, percent-encoded where a URL demands it."""
    return quote(part, safe="/:@!$&'()*+,;=~-._%")
