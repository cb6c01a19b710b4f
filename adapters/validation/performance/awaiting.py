"""Calls that block the event loop, of those that ruff's rules ASYNC2… do not see.

While one waits, no request of the whole service is answered. ruff looks at async functions alone; here are the plain
functions that they call in the same file too, and some libraries more.
"""

import re
from collections.abc import Iterator

from adapters.validation.performance.names import Function, Module, Seen, attribute, calls, is_async, own_name

_OURS = {
    "urllib.request.urlretrieve": "an httpx.AsyncClient",
    "http.client.HTTPConnection": "an httpx.AsyncClient",
    "http.client.HTTPSConnection": "an httpx.AsyncClient",
    "requests.Session": "an httpx.AsyncClient",
    "socket.create_connection": "asyncio.open_connection()",
    "socket.getaddrinfo": "loop.getaddrinfo()",
    "socket.gethostbyname": "loop.getaddrinfo()",
    "sqlite3.connect": "await asyncio.to_thread()",
    "shutil.copyfile": "await asyncio.to_thread()",
    "shutil.copytree": "await asyncio.to_thread()",
    "shutil.rmtree": "await asyncio.to_thread()",
    "asyncio.run": "await",
    "concurrent.futures.wait": "asyncio.wait()",
}
_OF_RUFF = re.compile(
    r"^(time\.sleep|input|open|io\.open|os\.(system|popen|wait|waitpid)|urllib\.request\.urlopen)$"
    r"|^(requests|httpx)\.(get|post|put|patch|delete|head|options|request|stream|Client)$"
    r"|^subprocess\.(run|call|check_call|check_output|Popen)$"
)
_FILES = re.compile(r"^(read_text|read_bytes|write_text|write_bytes)$")
_RULE = "blocking-call"


def blocking_calls(module: Module) -> Iterator[Seen]:
    """In async functions, and in plain ones of the same file that they call."""
    slow = {function.name: what for function in module.functions if (what := _in_a_plain_one(module, function))}
    for function in filter(is_async, module.functions):
        for call in calls(function):
            name = module.name(call.func)
            if name in _OURS:
                what = f"{name}() blocks the event loop: nothing else is served until it returns"
                yield module.seen(_RULE, "error", call, what, f"use {_OURS[name]}")
            elif (name := own_name(call)) in slow:
                what = f"{name}() blocks the event loop, by {slow[name]}() in it"
                yield module.seen(_RULE, "error", call, what, f"await asyncio.to_thread({name}, ...)")


def _in_a_plain_one(module: Module, function: Function) -> str:
    """What blocks in a function that is not async, if something does."""
    for call in calls(function) if not is_async(function) else ():
        name = module.name(call.func)
        if name in _OURS or _OF_RUFF.match(name):
            return name
        if _FILES.match(attribute(call)):
            return attribute(call)
    return ""
