"""ruff, as both the syntax and the security validator use it: our rules, whatever the workspace's own settings say."""

from collections.abc import Sequence

from pydantic import BaseModel, TypeAdapter, ValidationError

from adapters.sandbox.run import Completed
from adapters.validation.tool import look, python_files
from adapters.validation.validator import Heartbeat
from adapters.validation.workspace import Workspace

_COMMON = ("--isolated", "--no-cache", "--quiet", "--line-length", "100", "--target-version", "py311")


class _Edit(BaseModel):
    message: str | None = None


class _Location(BaseModel):
    row: int


class Diagnostic(BaseModel):
    """One of `ruff check --output-format json`."""

    code: str | None = None
    filename: str
    message: str
    location: _Location | None = None
    end_location: _Location | None = None
    fix: _Edit | None = None

    @property
    def line(self) -> int:
        return self.location.row if self.location else 0

    @property
    def last_line(self) -> int:
        return max(self.line, self.end_location.row if self.end_location else 0)


def command(workspace: Workspace, what: str, *options: str) -> list[str]:
    return [f"{workspace.tools}/bin/ruff", what, *_COMMON, *options, "--", *python_files(workspace)]


async def check(
    workspace: Workspace, heartbeat: Heartbeat, *, select: str, not_in_tests: Sequence[str], options: Sequence[str] = ()
) -> list[Diagnostic] | Completed:
    """The diagnostics, or how ruff ended if they cannot be had."""
    chosen = ["--select", select, "--output-format", "json", *options]
    for rule in not_in_tests:
        chosen += ["--per-file-ignores", f"tests/*:{rule}"]
    done = await look(workspace, command(workspace, "check", *chosen), heartbeat, label="ruff")
    try:
        found = TypeAdapter(list[Diagnostic]).validate_json(done.stdout)
    except ValidationError:
        return done
    return done if done.returncode not in {0, 1} or bool(found) != bool(done.returncode) else found
