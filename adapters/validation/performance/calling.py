"""Calls of the outside API: each has a time limit, and no answer is read without a limit on its size."""

import ast
import re
from collections.abc import Iterator

from adapters.validation.performance.names import Function, Module, Seen, attribute, below, is_none, keyword, own

_HTTPX = re.compile(r"^httpx\.(get|post|put|patch|delete|head|options|request|stream|Client|AsyncClient)$")
_REQUESTS = re.compile(r"^requests\.(get|post|put|patch|delete|head|options|request)$")
# The place of `timeout` among the positional arguments, where it has one.
_OTHERS = {
    "urllib.request.urlopen": 2,
    "http.client.HTTPConnection": 2,
    "http.client.HTTPSConnection": 2,
    "socket.create_connection": 1,
    "asyncio.open_connection": None,
    "aiohttp.ClientSession": None,
    "websockets.connect": None,
}
_VERBS = {"get", "post", "put", "patch", "delete", "head", "options", "request", "send", "stream", "build_request"}
_TIMED = {"asyncio.timeout", "asyncio.timeout_at", "asyncio.wait_for", "anyio.fail_after", "anyio.move_on_after"}
_WHOLE = {"read", "aread", "readlines", "read_text", "read_bytes", "body"}
_PIECES = {"aiter_bytes", "aiter_raw", "aiter_text", "aiter_lines", "iter_bytes", "iter_raw", "iter_text", "iter_lines"}
_PARTS = {"content", "text", "json"}
_SIZE = "stop at a number of bytes: stream the answer, add up len(chunk), and raise when it is over the limit"


def missing_timeouts(module: Module) -> Iterator[Seen]:
    """A call that may wait for ever."""
    timed = _within_a_time(module)
    for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
        name = module.name(call.func)
        given = keyword(call, "timeout")
        opened = any(one.arg is None for one in call.keywords)
        if (
            given is not None
            and _is_without_end(module, given)
            and (_is_call_outside(name) or attribute(call) in _VERBS)
        ):
            yield _untimed(module, call, "turns the time limit off")
        elif given is None and not opened and _is_call_outside(name) and id(call) not in timed:
            place = _OTHERS.get(name)
            if place is None or len(call.args) <= place:
                yield _untimed(module, call, "has no time limit of its own")


def _is_call_outside(name: str) -> bool:
    return bool(_HTTPX.match(name) or _REQUESTS.match(name)) or name in _OTHERS


def _is_without_end(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and module.name(node.func) == "httpx.Timeout":
        values = [*node.args[:1], *(one.value for one in node.keywords)]
        return not values or any(is_none(value) for value in values)
    return is_none(node)


def _untimed(module: Module, call: ast.Call, what: str) -> Seen:
    message = f"{ast.unparse(call.func)[:80]}() {what}, so an API that does not answer holds it up"
    return module.seen("no-timeout", "error", call, message, "give timeout= in seconds, on the client or the call")


def _within_a_time(module: Module) -> set[int]:
    """Nodes under `async with asyncio.timeout(...)` or in `asyncio.wait_for(...)`."""
    found: set[int] = set()
    for node in ast.walk(module.tree):
        limited = isinstance(node, ast.AsyncWith | ast.With) and any(
            isinstance(item.context_expr, ast.Call) and module.name(item.context_expr.func) in _TIMED
            for item in node.items
        )
        if limited or (isinstance(node, ast.Call) and module.name(node.func) in _TIMED):
            found |= {id(inner) for inner in ast.walk(node)}
    return found


def unbounded_reads(module: Module) -> Iterator[Seen]:
    """Reading all that comes, however much it is."""
    for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
        if attribute(call) in _WHOLE and _is_without_size(call):
            message = f"{ast.unparse(call.func)[:80]}() reads all there is, however much that is"
            yield module.seen("unbounded-read", "error", call, message, _SIZE)
    for function in module.functions:
        yield from _collected(module, function)
        yield from _whole_answers(module, function)


def _is_without_size(call: ast.Call) -> bool:
    if call.keywords:
        return False
    match call.args:
        case [] | [ast.Constant(value=None)] | [ast.UnaryOp(op=ast.USub())]:
            return True
    return False


def _collected(module: Module, function: Function) -> Iterator[Seen]:
    """Pieces of a streamed answer that are put together without a limit."""
    for node in own(function):
        pieces = isinstance(node, ast.For | ast.AsyncFor) and _pieces(node.iter)
        if pieces and not any(isinstance(inner, ast.Raise | ast.Break | ast.Return) for inner in below(node)):
            if any(_collects(inner) for inner in below(node)):
                message = f"puts together all that {pieces}() gives, however much that is"
                yield module.seen("unbounded-read", "error", node, message, _SIZE)
        elif isinstance(node, ast.ListComp) and (pieces := _pieces(node.generators[0].iter)):
            message = f"puts together all that {pieces}() gives, however much that is"
            yield module.seen("unbounded-read", "error", node, message, _SIZE)


def _pieces(node: ast.expr) -> str:
    """What gives them: a method of an HTTPX response, or `stream()` of a request of our own callers."""
    if not isinstance(node, ast.Call):
        return ""
    name = attribute(node)
    return name if name in _PIECES or (name == "stream" and not node.args and not node.keywords) else ""


def _collects(node: ast.AST) -> bool:
    return isinstance(node, ast.AugAssign) or (
        isinstance(node, ast.Call) and attribute(node) in {"append", "extend", "write"}
    )


def _whole_answers(module: Module, function: Function) -> Iterator[Seen]:
    """An answer that HTTPX has read to its end before anybody could look at its size. Usual, so only noted."""
    for node in own(function):
        call = node.value.value if isinstance(node, ast.Assign) and isinstance(node.value, ast.Await) else None
        if isinstance(call, ast.Call) and attribute(call) in _VERBS - {"stream", "build_request"} and _is_client(call):
            streamed = keyword(call, "stream")
            if not (isinstance(streamed, ast.Constant) and streamed.value is True):
                message = f"{ast.unparse(call.func)[:80]}() reads the whole answer into memory, however large it is"
                yield module.seen("whole-answer", "note", call, message, _SIZE)


def _is_client(call: ast.Call) -> bool:
    owner = ast.unparse(call.func.value).lower() if isinstance(call.func, ast.Attribute) else ""
    return any(word in owner for word in ("http", "client", "session", "api"))
