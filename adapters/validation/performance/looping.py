"""Loops around the outside API: a limit on retries, a limit on pages, and pages at all."""

import ast
import re
from collections.abc import Iterator

from adapters.validation.performance.names import Function, Module, Seen, attribute, below, own

Loop = ast.While | ast.For | ast.AsyncFor
_ENDLESS = {"itertools.count", "itertools.repeat", "itertools.cycle"}
_CLOCKS = re.compile(r"(^|\.)(monotonic|time|perf_counter|now|utcnow)$")
_TIMED = {"asyncio.timeout", "asyncio.timeout_at", "anyio.fail_after", "anyio.move_on_after"}
_STATUS = {"status_code", "is_success", "is_error", "is_server_error", "status", "raise_for_status"}
_COLLECTS = {"append", "extend", "update", "add"}
_PAGED = {"page", "pages", "per", "limit", "cursor", "offset", "token", "after", "before", "since", "count", "max"}
_PAGED |= {"size", "skip", "start", "first", "last", "top", "marker"}
_LISTS = re.compile(
    r"^(builtins\.)?(list|tuple|set|frozenset|collections\.abc\.(Sequence|Iterable|Collection)|.*\.?List)$"
)
_LISTING = re.compile(r"^(list|search|find|query)_|_list$")
_SENDS = re.compile(r"^_?(get|request|send|call|fetch|_send)$|^_?(get|request|send|call|fetch)_")
_CLIENT_METHODS = {"get", "request", "send", "stream"}


def endless_loops(module: Module) -> Iterator[Seen]:
    """Calls that are tried again, or pages that are followed, without a limit."""
    for function in module.functions:
        deadline = {id(inner) for node in own(function) if _is_timed(module, node) for inner in ast.walk(node)}
        for node in own(function):
            endless = isinstance(node, Loop) and _is_endless(module, node) and id(node) not in deadline
            if endless and _calls_out(node) and not _is_bounded(module, node):
                yield from _endless(module, node)
            if isinstance(node, ast.ExceptHandler) and _calls(node, function.name):
                message = f"{function.name}() calls itself again when a call fails, without a limit"
                yield module.seen("endless-retry", "error", node, message, _RETRY)


_RETRY = "try a fixed number of times (`for attempt in range(3)`), with a growing pause, and raise after the last"
_PAGES = "stop after a fixed number of pages or items, and pass the cursor on to the caller"


def _endless(module: Module, loop: ast.AST) -> Iterator[Seen]:
    if _goes_on_after_failure(loop):
        yield module.seen("endless-retry", "error", loop, "tries again for ever when the call fails", _RETRY)
    elif any(isinstance(node, ast.Yield) or _collects(node) for node in below(loop)):
        yield module.seen("endless-pages", "warning", loop, "follows pages for as long as there are more", _PAGES)


def _is_endless(module: Module, loop: ast.AST) -> bool:
    if isinstance(loop, ast.While):
        return True
    source = loop.iter if isinstance(loop, ast.For | ast.AsyncFor) else None
    return isinstance(source, ast.Call) and (
        module.name(source.func) in _ENDLESS or (module.name(source.func) == "iter" and len(source.args) == 2)
    )


def _is_timed(module: Module, node: ast.AST) -> bool:
    return isinstance(node, ast.AsyncWith | ast.With) and any(
        isinstance(item.context_expr, ast.Call) and module.name(item.context_expr.func) in _TIMED for item in node.items
    )


def _calls_out(loop: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Await) or (isinstance(node, ast.Call) and attribute(node) in _CLIENT_METHODS)
        for node in below(loop)
    )


def _is_bounded(module: Module, loop: ast.AST) -> bool:
    """A counter, a size or a clock is compared in it, or it is timed."""
    counted = {ast.unparse(node.target) for node in below(loop) if isinstance(node, ast.AugAssign)}
    for node in below(loop):
        if _is_timed(module, node):
            return True
        if not isinstance(node, ast.Compare) or any(isinstance(op, ast.Is | ast.IsNot | ast.In) for op in node.ops):
            continue
        for part in (node.left, *node.comparators):
            if ast.unparse(part) in counted:
                return True
            for call in (inner for inner in ast.walk(part) if isinstance(inner, ast.Call)):
                if module.name(call.func) == "len" or _CLOCKS.search(ast.unparse(call.func)):
                    return True
    return False


def _goes_on_after_failure(loop: ast.AST) -> bool:
    """A handler in it falls through to the next round, or the loop asks a status."""
    for node in below(loop):
        if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise | ast.Return | ast.Break):
            return True
    test = loop.test if isinstance(loop, ast.While) else None
    asked = [test, *(node.test for node in below(loop) if isinstance(node, ast.If) and _continues(node))]
    return any(
        isinstance(part, ast.Attribute) and part.attr in _STATUS for one in asked if one for part in ast.walk(one)
    )


def _continues(node: ast.If) -> bool:
    return any(isinstance(inner, ast.Continue) for inner in node.body)


def _collects(node: ast.AST) -> bool:
    return (isinstance(node, ast.Call) and attribute(node) in _COLLECTS) or (
        isinstance(node, ast.AugAssign) and not isinstance(node.value, ast.Constant)
    )


def _calls(handler: ast.ExceptHandler, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and name in {attribute(node), getattr(node.func, "id", "")}
        for node in below(handler)
    )


def missing_pages(module: Module) -> Iterator[Seen]:
    """A function that fetches a whole collection: it names no page, limit or cursor, and bounds nothing itself."""
    for function in module.functions:
        if not _gives_a_collection(module, function) or not any(_fetches(node) for node in own(function)):
            continue
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        words = [argument.arg for argument in arguments]
        words += [
            node.value for node in own(function) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        cut = any(isinstance(node, ast.Slice) and node.upper is not None for node in own(function))
        if not cut and not function.args.kwarg and not any(map(_is_about_pages, words)):
            yield module.seen(
                "missing-pagination",
                "warning",
                function,
                f"{function.name}() fetches a collection without a page, a limit or a cursor",
                "pass on the API's parameter for pages or limits, or answer no more than a fixed number of items",
            )


def _is_about_pages(word: str) -> bool:
    """`page_size`, `maxResults`; not a path, and not a word that only contains one (`account`)."""
    parts = re.findall(r"[A-Z]?[a-z]+", word)
    return "/" not in word and " " not in word and not _PAGED.isdisjoint(part.lower() for part in parts)


def _gives_a_collection(module: Module, function: Function) -> bool:
    returns = function.returns
    if isinstance(returns, ast.Constant) and isinstance(returns.value, str):
        try:
            returns = ast.parse(returns.value, mode="eval").body
        except SyntaxError:
            return False
    if isinstance(returns, ast.Subscript):
        returns = returns.value
    named = returns is not None and bool(_LISTS.match(module.name(returns)))
    return named or bool(_LISTING.search(function.name))


def _fetches(node: ast.AST) -> bool:
    """A GET of the outside API: by a client's method, or by a helper of the module's that sends."""
    if not isinstance(node, ast.Await) or not isinstance(node.value, ast.Call):
        return isinstance(node, ast.Call) and attribute(node) == "get" and "http" in ast.unparse(node.func).lower()
    call = node.value
    sends = bool(_SENDS.search(attribute(call) or getattr(call.func, "id", "")))
    first = call.args[0] if call.args else None
    return sends and not (
        isinstance(first, ast.Constant) and str(first.value).upper() in {"POST", "PUT", "PATCH", "DELETE"}
    )
