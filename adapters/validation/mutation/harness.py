"""Run the tests against mutants. Runs in the jail, under the interpreter that the tests run with.

One process imports pytest and the libraries once and forks for each mutant. Nothing of the workspace is imported
before a fork, and only how a child ended is believed: 0, its tests all passed; anything else, they noticed. The first
child runs the code as it is, and if that does not pass nothing is said about mutants.

Prints `{"possible", "seconds", "error", "tried": [{path, line, kind, before, after, outcome}]}`.
"""

import ast
import ctypes
import importlib
import importlib.util
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from adapters.validation.mutation.mutants import Mutant, mutants, sampled

_AT_ONCE = 2
_FIRST_SECONDS = 30.0
_SLACK_SECONDS = 2.0
_SLACK_TIMES = 4.0
_LOOK = 0.005
_PR_SET_DUMPABLE = 4
_WARM = ("pytest", "_pytest.assertion.rewrite", "asyncio", "unittest.mock", "anyio._backends._asyncio")
# As the tests themselves are run, but that no message is wanted: without rewriting assertions there is less to do.
_PYTEST = ("-x", "-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=.")

Mutated = tuple[str, str, CodeType]
"""A module's name, its path, and its code with one fault."""


def main(given: dict[str, Any]) -> None:
    started = time.monotonic()
    # A child may be hostile: it shall not reach into this process by /proc, where its results could be forged.
    _dumpable(0)
    trees = {path: ast.parse(Path(path).read_text("utf-8"), path) for path in _sources()}
    found = [mutant for path, tree in trees.items() for mutant in mutants(path, tree)]
    _warm_up()
    bound = min(_FIRST_SECONDS, given["seconds"])
    first = _Child(None, bound)
    while not first.ended():
        time.sleep(_LOOK)
    error, tried = "", []
    if first.outcome != "survived":
        error = f"the tests do not pass without a mutant ({first.outcome}, exit code {first.code})"
    else:
        each = _SLACK_SECONDS + _SLACK_TIMES * first.seconds
        chosen = sampled(found, given["seed"])[: given["sample"]]
        tried = _tried(chosen, trees, each, started + given["seconds"])
    answer = {"possible": len(found), "seconds": time.monotonic() - started, "error": error, "tried": tried}
    json.dump(answer, sys.stdout)


def _tried(
    chosen: Sequence[Mutant], trees: dict[str, ast.Module], each: float, end: float
) -> list[dict[str, str | int]]:
    """Some at once, until all have been tried or the time is over; what then still runs does not count."""
    waiting = list(reversed(chosen))
    running: list[tuple[Mutant, _Child]] = []
    done: list[tuple[Mutant, _Child]] = []
    while (waiting or running) and time.monotonic() < end:
        while waiting and len(running) < _AT_ONCE:
            mutant = waiting.pop()
            running.append((mutant, _Child(_mutated(mutant, trees[mutant.path]), each)))
        ended = [pair for pair in running if pair[1].ended()]
        running = [pair for pair in running if pair not in ended]
        done += ended
        time.sleep(_LOOK)
    for _, child in running:
        child.kill()
    order = {id(mutant): place for place, mutant in enumerate(chosen)}
    return [
        {
            "path": mutant.path,
            "line": mutant.line,
            "kind": mutant.kind,
            "before": mutant.before,
            "after": mutant.after,
            "outcome": child.outcome,
        }
        for mutant, child in sorted(done, key=lambda pair: order[id(pair[0])])
    ]


class _Child:
    """A fork that runs the tests, with one module mutated or none. `outcome` is killed, survived or timeout."""

    def __init__(self, mutated: Mutated | None, seconds: float) -> None:
        self._started = time.monotonic()
        self._end = self._started + seconds
        self.outcome = ""
        self.code = 0
        self.seconds = 0.0
        sys.stdout.flush()
        self._pid = os.fork()
        if self._pid == 0:
            os._exit(_run_tests(mutated, seconds))

    def ended(self) -> bool:
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        now = time.monotonic()
        if pid:
            self.code = os.waitstatus_to_exitcode(status)
            self.outcome = "survived" if self.code == 0 else "killed"
            _kill_group(self._pid)
        elif now > self._end:
            self.kill()
            self.outcome = "timeout"
        self.seconds = now - self._started
        return bool(self.outcome)

    def kill(self) -> None:
        _kill_group(self._pid)
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self.code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _dumpable(value: int) -> None:
    """Whether processes of the same user may look into this one (prctl(2), PR_SET_DUMPABLE)."""
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, value, 0, 0, 0) != 0:
        raise OSError("prctl")


def _run_tests(mutated: Mutated | None, seconds: float) -> int:
    _dumpable(1)  # inherited otherwise, and tests would find their own /proc/self closed
    os.setpgid(0, 0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    cpu = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode) for number, mode in ((0, "r"), (1, "w"), (2, "w")))
    sys.dont_write_bytecode = True
    # As `python -m pytest` does.
    sys.path.insert(0, str(Path.cwd()))
    if mutated:
        sys.meta_path.insert(0, _Mutating(*mutated))
    import pytest  # noqa: PLC0415 (only the jail's environment is sure to have it)

    return int(pytest.main(list(_PYTEST)))


class _Mutating(MetaPathFinder, Loader):
    """Finds one module, mutated."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        self._name = name
        self._path = Path(path).absolute()
        self._code = code

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        folder = [str(self._path.parent)] if self._path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, self._path, loader=self, submodule_search_locations=folder
        )

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)  # noqa: S102 (in a fork, in the jail)


def _mutated(mutant: Mutant, tree: ast.Module) -> Mutated:
    old = mutant.put(mutant.replacement)
    try:
        code = compile(ast.fix_missing_locations(tree), mutant.path, "exec", dont_inherit=True)
    finally:
        mutant.put(old)
    parts = Path(mutant.path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts), mutant.path, code


def _sources() -> list[str]:
    """The code under test, by path. (What cannot be parsed would have failed the tests.)"""
    paths = (path for path in Path().rglob("*.py") if path.parts[0] != "tests" and path.name != "conftest.py")
    return sorted(path.as_posix() for path in paths)


def _warm_up() -> None:
    """Import what the children will: the libraries that the workspace's files name, never those files."""
    names = list(_WARM)
    for path in Path().rglob("*.py"):
        with suppress(SyntaxError, ValueError):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    names += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.append(node.module)
    for name in dict.fromkeys(names):
        if name.partition(".")[0] not in sys.stdlib_module_names or name in _WARM:
            with suppress(ImportError):
                importlib.import_module(name)
