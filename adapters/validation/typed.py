"""The validator of types: mypy strict, on top of a cache that already knows the libraries."""

from pydantic import BaseModel, ValidationError

from adapters.validation.tool import failed, look, python_files, relative
from adapters.validation.validator import Found, Heartbeat, Subject
from domain.reports import Finding, Kind, Level

TOOL = "mypy"
# mypy must be able to write to its cache; a copy of 11 MB takes a tenth of what mypy then saves.
_COMMAND = (
    'cache="$1"; python="$2"; shift 2; /usr/bin/cp -r "$cache" /tmp/cache && exec "$python" -I -m mypy'
    ' --cache-dir /tmp/cache --no-error-summary --output json "$@"'
)


class _Typed(BaseModel):
    """A line of `mypy --output json`."""

    file: str
    line: int
    message: str
    code: str | None = None
    hint: str | None = None
    severity: str


class Types:
    """`mypy --strict` over every Python file, with the libraries that the version would be installed with."""

    kind = Kind.TYPES
    tools = (TOOL,)

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found:
        workspace = subject.workspace
        home = workspace.environment.parent
        settings, cache = home / "mypy.ini", home / "mypy-cache"
        command = ["/bin/sh", "-c", _COMMAND, "types", str(cache), workspace.tools_python]
        command += ["--config-file", str(settings), "--python-executable", workspace.python, "--"]
        mounts = {settings: str(settings), cache: str(cache)}
        done = await look(workspace, [*command, *python_files(workspace)], heartbeat, label=TOOL, mounts=mounts)
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        try:
            typed = [_Typed.model_validate_json(line) for line in lines]
        except ValidationError:
            return Found([failed(self.kind, TOOL, done)])
        if done.returncode not in {0, 1} or done.timed_out or (done.returncode == 1 and not typed):
            return Found([failed(self.kind, TOOL, done)])
        return Found([_finding(one) for one in typed])


def _finding(one: _Typed) -> Finding:
    return Finding(
        kind=Kind.TYPES,
        tool=TOOL,
        rule=one.code or "mypy",
        level=Level.ERROR if one.severity == "error" else Level.NOTE,
        message=one.message,
        path=relative(one.file),
        line=max(one.line, 0),
        fix=one.hint or "",
    )
