"""Safe names from whatever a document says: ASCII, never a keyword, never twice in one place."""

import builtins
import keyword
import re
import textwrap
import unicodedata
from collections.abc import Collection

from pydantic import BaseModel

_TYPOGRAPHIC = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": "'",
        "\u201d": "'",
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "\u00a0": " ",
        '"': "'",
        "`": "'",
        "\\": "/",
        "#": None,
    }
)
VERSION_SEGMENT = re.compile(r"^(api|rest|v\d+([a-z]+\d*)?(\.\d+)*)$", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
RESERVED_ROUTES = frozenset({"/health", "/docs", "/openapi.json", "/redoc", "/metrics"})
# Names that the written code itself uses where a parameter's name would hide them.
_TAKEN = """
self client body request response query headers httpx os models bool bytes dict float int list str tuple quote json l
True False None timeout
"""  # `timeout`: a parameter of an async function that is called so is taken for one that ends it (ruff ASYNC109)
RESERVED_PARAMETERS = frozenset(_TAKEN.split())
RESERVED_FIELDS = frozenset(dir(BaseModel)) | {"str", "int", "float", "bool", "list", "dict", "l", "model_config"}
_CLASSES = """
Any Annotated APIRouter Awaitable BaseModel Body Callable Client ConfigDict Depends FastAPI Field Header JsonValue
JSONResponse Literal Mapping Model Path PlainTextResponse Query Request Response Self Sequence T TestClient
TypeAdapter TypeVar Upstream UpstreamError AsyncIterator Scalar Value ValidationError NoneType
"""
RESERVED_CLASSES = frozenset(dir(builtins)) | frozenset(_CLASSES.split())
VERBS = {
    "get": "get", "list": "list", "read": "get", "show": "get", "fetch": "get", "describe": "describe",
    "search": "search", "find": "search", "query": "query", "count": "count", "create": "create", "add": "add",
    "register": "register", "start": "start", "update": "update", "set": "set", "patch": "update", "put": "replace",
    "replace": "replace", "delete": "delete", "remove": "remove", "cancel": "cancel", "terminate": "terminate",
    "signal": "signal", "send": "send", "check": "check",
}  # fmt: skip


def ascii_text(text: str, limit: int = 200) -> str:
    """One line of plain ASCII without quotes, backslashes or controls: safe in a docstring, a comment or Markdown."""
    plain = unicodedata.normalize("NFKD", str(text).translate(_TYPOGRAPHIC)).encode("ascii", "ignore").decode()
    plain = re.sub(r"\b[a-z]+://", "", plain, flags=re.IGNORECASE)  # an address in a text is no host to be declared
    line = " ".join(re.sub(r"[^\x20-\x7e]", " ", plain).split())
    return textwrap.shorten(line, limit, placeholder=" ...") if len(line) > limit else line


def sentence(text: str, otherwise: str, limit: int = 160) -> str:
    """The first sentence of `text`, safe anywhere, ending with a full stop."""
    first = re.split(r"\n\s*\n|(?<=[.!?])\s", str(text).strip(), maxsplit=1)[0]
    line = ascii_text(first, limit).rstrip(" .:;,'") or ascii_text(otherwise, limit).rstrip(" .'")
    return f"{line or 'No description'}."


def words(text: str) -> list[str]:
    """The words in a name, camel case split: `getHTTPStatus_v2` gives get, http, status, v2."""
    plain = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode()
    spaced = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3 \2\4", plain)
    return [word.lower() for word in re.findall(r"[A-Za-z0-9]+", spaced)]


def snake(text: str, otherwise: str = "value", limit: int = 60) -> str:
    """A snake_case name that starts with a letter. Not yet checked against keywords."""
    name = "_".join(words(text))[:limit].strip("_") or otherwise
    return name if name[0].isalpha() else f"n{name}"


def pascal(text: str, otherwise: str = "Value") -> str:
    """A PascalCase class name; capitals inside words are kept."""
    plain = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode()
    name = "".join(part[0].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", plain))[:70] or otherwise
    name = name if name[0].isalpha() else f"N{name}"
    return f"{name}Model" if name in RESERVED_CLASSES or keyword.iskeyword(name) or len(name) == 1 else name


def escaped(name: str, reserved: Collection[str]) -> str:
    """`name`, with an underscore after it where it would be a keyword or hide something."""
    return f"{name}_" if keyword.iskeyword(name) or name in reserved else name


def distinct(name: str, taken: Collection[str], separator: str = "_") -> str:
    """`name`, numbered from 2 where it is taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name}{separator}{number}" in taken:
        number += 1
    return f"{name}{separator}{number}"


def _segments(path: str) -> list[str]:
    """The parts of a path, placeholders apart from what stands beside them: `/a/{b}:c` gives a, {b}, c."""
    plain = path.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0]
    return [part for part in re.split(r"/|(\{[^{}]*\})", plain) if part and part.strip(":.-")]


def route(path: str) -> str:
    """Our own route for a path of the document, without its version prefix."""
    parts = _segments(path)
    while len(parts) > 1 and VERSION_SEGMENT.match(parts[0]):
        parts = parts[1:]
    made: list[str] = []
    names: list[str] = []
    for part in parts:
        if part.startswith("{"):
            name = distinct(escaped(snake(part, limit=40), ()), names)
            names.append(name)
            made.append(f"{{{name}}}")
        else:
            made.append("-".join(words(part))[:60].strip("-") or "item")
    result = "/" + "/".join(made) if made else "/root"
    while len(result) > 200:
        made.pop(next((i for i, part in enumerate(made) if not part.startswith("{")), 0))
        result = "/" + "/".join(made)
    return f"/upstream{result}" if result in RESERVED_ROUTES else result


def capability(method: str, path: str, operation_id: str) -> str:
    """A capability's name such as `namespaces.list`."""
    parts = _segments(path)
    fixed = [p for p in parts if not p.startswith("{") and not VERSION_SEGMENT.match(p) and words(p)]
    resource = snake(fixed[-1], limit=36) if fixed else "root"
    first = next(iter(words(operation_id)), "")
    ends_open = bool(parts) and parts[-1].startswith("{")
    many = not ends_open and bool(fixed) and fixed[-1].lower().endswith("s")
    by_method = {"get": "list" if many else "get", "post": "create", "put": "replace", "patch": "update"}
    verb = VERBS.get(first) or by_method.get(method, method)
    tail = [word for part in operation_id.split("/")[-1:] for word in words(part)]
    if "/" in operation_id and tail and tail[0] in VERBS:  # GitHub's ids: issues/list-for-repo
        verb = VERBS[tail[0]]
    return f"{resource}.{verb}"


def function(identifier: str) -> str:
    """The client's method for an operation."""
    return escaped(snake(identifier, "call"), RESERVED_PARAMETERS | {"aclose"})
