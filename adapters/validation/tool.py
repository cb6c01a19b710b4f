"""Running a tool in a jail over a workspace. A tool that fails is a finding, never silence."""

import posixpath
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from adapters.sandbox.jail import Limits
from adapters.sandbox.run import Completed, run
from adapters.validation.validator import Heartbeat
from adapters.validation.workspace import INSIDE, Workspace
from domain.reports import Finding, Kind, Level

FAILED = "tool-failed"
"""The rule of findings that say that a tool did not do its work."""
TOOLS = ("bandit", "detect-secrets", "mypy", "pytest", "ruff")
"""Distributions whose version has a say in what is found."""
# ruff and mypy reserve far more address space than they use.
_LIMITS = Limits(memory=4 << 30, cpu=60)
_SECONDS = 90.0
_MAX_OUTPUT = 4 << 20


async def look(
    workspace: Workspace,
    command: Sequence[str],
    heartbeat: Heartbeat,
    *,
    label: str,
    stdin: bytes | None = None,
    mounts: Mapping[Path, str] | None = None,
) -> Completed:
    """Run `command` in the workspace's folder, which it sees read-only, when it is its turn."""
    async with workspace.turns:
        return await run(
            workspace.jail(_LIMITS, mounts=mounts),
            command,
            timeout=_SECONDS,
            heartbeat=heartbeat,
            stdin=stdin,
            max_output=_MAX_OUTPUT,
            label=label,
        )


def script(package: str, name: str) -> bytes:
    """The source of a module of ours that runs in jails: it is given to an interpreter, never imported here."""
    return files(package).joinpath(name).read_bytes()


def failed(kind: Kind, tool: str, done: Completed) -> Finding:
    """The finding for a tool that did not come to an end of its own, or whose answer cannot be read."""
    if done.timed_out:
        what = "took too long and was ended"
    elif done.out_of_memory:
        what = "used too much memory and was ended"
    else:
        what = f"failed (exit code {done.returncode})"
    said = (done.stderr + done.stdout).decode(errors="replace").strip()[-1000:]
    return Finding(kind=kind, tool=tool, rule=FAILED, level=Level.ERROR, message=f"{tool} {what}. {said}".strip())


def relative(path: str) -> str:
    """A path as a tool in the jail says it, relative to the workspace."""
    return posixpath.normpath(path).removeprefix(f"{INSIDE}/")


def python_files(workspace: Workspace) -> list[str]:
    """Named one by one to a tool, because tools leave out folders by their names (`build`, `dist`, `venv`)."""
    return sorted(f"./{path}" for path in workspace.files if path.endswith((".py", ".pyi")))
