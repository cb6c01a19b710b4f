"""The validator of `integration.yaml`, and of the code against what it declares."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import yaml
from pydantic import ValidationError

from adapters.sandbox.environments import admitted
from adapters.validation.validators import Heartbeat, Place
from adapters.validation.workspace import Workspace
from domain import manifest
from domain.errors import InvalidInput
from domain.reports import Finding, Level

_MAX_BYTES = 64 << 10
_MAX_FINDINGS = 20
_DEFAULT_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}


class Declared:
    """The manifest is valid, its entry point is there, and the package names no host that it does not declare."""

    name = "manifest"

    def __init__(self, urls: Sequence[Place]) -> None:
        self._urls = urls

    async def run(self, workspace: Workspace, *, heartbeat: Heartbeat) -> list[Finding]:
        text = workspace.files.get(manifest.PATH)
        if text is None:
            return [_finding("missing", f"{manifest.PATH} is missing")]
        if len(text) > _MAX_BYTES:
            return [_finding("too-large", f"{manifest.PATH} is larger than {_MAX_BYTES >> 10} KiB")]
        heartbeat(self.name)
        try:
            declared = manifest.parse(text)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            return [_finding("yaml", f"not YAML: {error.problem}", line=line)]
        except (yaml.YAMLError, RecursionError) as error:
            return [_finding("yaml", f"not YAML: {str(error)[:200]}")]
        except ValidationError as error:
            wrong = [(".".join(map(str, e["loc"])) or "manifest", e["msg"]) for e in error.errors(include_input=False)]
            return [
                _finding("field", f"{field}: {message}", line=_line(text, field))
                for field, message in wrong[:_MAX_FINDINGS]
            ]
        return [*_requirements(declared), *_entry_point(declared, workspace), *self._hosts(declared)]

    def _hosts(self, declared: manifest.Manifest) -> list[Finding]:
        return [
            Finding(
                tool=self.name,
                rule="undeclared-host",
                level=Level.ERROR,
                message=f"{place.url[:200]} is on a host that the manifest does not declare",
                path=place.path,
                line=place.line,
                fix=f"use only {', '.join(declared.hosts)}",
            )
            for place in self._urls
            if not _names(place.url) & set(declared.hosts)
        ]


def _names(url: str) -> set[str]:
    """How a manifest may name the URL's host: with its port, and without if it is the scheme's own."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return set()
    host = parts.netloc.rpartition("@")[2].lower()
    port = _DEFAULT_PORTS.get(parts.scheme.lower(), "")
    return {host, host.removesuffix(port) if host.endswith(port) else f"{host}{port}"}


def _requirements(declared: manifest.Manifest) -> list[Finding]:
    try:
        admitted(declared.requirements)
    except InvalidInput as error:
        return [_finding("requirement", error.message)]
    return []


def _entry_point(declared: manifest.Manifest, workspace: Workspace) -> list[Finding]:
    module = declared.entrypoint.partition(":")[0].replace(".", "/")
    package = f"{module.split('/')[0]}/__init__.py"
    wanted = [package] if f"{module}/__init__.py" in workspace.files else [package, f"{module}.py"]
    return [
        _finding("entry-point", f"entrypoint: {declared.entrypoint} needs {path}, which is missing")
        for path in dict.fromkeys(wanted)
        if path not in workspace.files
    ]


def _line(text: str, field: str) -> int:
    """The line of the field's first part, if it stands there."""
    key = field.partition(".")[0]
    return next((number for number, line in enumerate(text.splitlines(), 1) if line.startswith(f"{key}:")), 0)


def _finding(rule: str, message: str, *, line: int = 0) -> Finding:
    return Finding(tool="manifest", rule=rule, level=Level.ERROR, message=message, path=manifest.PATH, line=line)
