"""Programs of ours that run in jails: some modules and what they are given, handed to an interpreter on its input.

The modules are only read here. In the jail they import the standard library, what the interpreter's environment has,
and each other by the names they have here.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType

from pydantic import JsonValue

ARGUMENTS = (
    "-I",
    "-c",
    """\
import json, sys, types
order = json.load(sys.stdin)
for name, source in order["modules"]:
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
module.main(order["given"])
""",
)
"""What an interpreter is started with, to do what comes on its input."""


def order(
    package: str,
    modules: Sequence[str],
    given: Mapping[str, JsonValue],
    *,
    borrowed: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> bytes:
    """The input: `main` of the last module is called with what is given. A module comes after those it imports.

    `borrowed` is modules of other packages, which come first.
    """
    wanted = [(other, name) for other, names in borrowed.items() for name in names]
    wanted += [(package, name) for name in modules]
    sources = [[f"{where}.{name}", files(where).joinpath(f"{name}.py").read_text("utf-8")] for where, name in wanted]
    return json.dumps({"modules": sources, "given": dict(given)}).encode()
