"""`integration.yaml` and `pyproject.toml`: valid by their schemas, in agreement, and with what they name."""

from collections.abc import Mapping

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain import manifest
from domain.manifest import Manifest
from domain.reports import Finding, Level

TOOL = "manifest"
_PROJECT = "pyproject.toml"
_MAX_BYTES = 64 << 10
_MAX_FINDINGS = 20


class Project(BaseModel):
    """The table `[project]` of pyproject.toml (packaging.python.org, "pyproject.toml specification")."""

    model_config = ConfigDict(title="project")

    name: str
    version: str
    requires_python: str = Field(alias="requires-python")
    dependencies: list[str]


class PyProject(BaseModel):
    """What an integration's pyproject.toml has to say; other tables are the tools' own."""

    model_config = ConfigDict(title="Project file of an integration")

    project: Project


def read(files: Mapping[str, str]) -> tuple[Manifest | None, list[Finding]]:
    """The manifest, or why it is none."""
    text = files.get(manifest.PATH)
    if text is None:
        return None, [_finding("missing", f"{manifest.PATH} is missing")]
    if len(text) > _MAX_BYTES:
        return None, [_finding("too-large", f"{manifest.PATH} is larger than {_MAX_BYTES >> 10} KiB")]
    try:
        # An alias can make a small text into a large object, and a manifest has no use for one.
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            return None, [_finding("yaml", "aliases (*name) may not be used")]
        return manifest.parse(text), []
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return None, [_finding("yaml", f"not YAML: {error.problem}", line=line)]
    except (yaml.YAMLError, RecursionError) as error:
        return None, [_finding("yaml", f"not YAML: {str(error)[:200]}")]
    except ValidationError as error:
        return None, [
            _finding("field", f"{field}: {message}", line=_line(text, field)) for field, message in _wrong(error)
        ]


def look(files: Mapping[str, str], project: object, *, unresolved: str) -> list[Finding]:
    """What is wrong with both files. `project` is pyproject.toml as it was read, None if it could not be.

    `unresolved` says why the requirements cannot be had, if so.
    """
    declared, findings = read(files)
    if unresolved:
        findings.append(_finding("requirement", unresolved))
    if declared is not None:
        findings += _entry_point(declared, files)
    return [*findings, *_project(declared, project, files)]


def _wrong(error: ValidationError) -> list[tuple[str, str]]:
    found = error.errors(include_input=False, include_url=False)
    return [(".".join(map(str, e["loc"])) or "manifest", e["msg"]) for e in found[:_MAX_FINDINGS]]


def _entry_point(declared: Manifest, files: Mapping[str, str]) -> list[Finding]:
    module = declared.entrypoint.partition(":")[0].replace(".", "/")
    package = f"{module.split('/')[0]}/__init__.py"
    wanted = [package] if f"{module}/__init__.py" in files else [package, f"{module}.py"]
    return [
        _finding("entry-point", f"entrypoint: {declared.entrypoint} needs {path}, which is missing")
        for path in dict.fromkeys(wanted)
        if path not in files
    ]


def _project(declared: Manifest | None, project: object, files: Mapping[str, str]) -> list[Finding]:
    if _PROJECT not in files:
        return [_finding("missing", f"{_PROJECT} is missing", path=_PROJECT)]
    if project is None:
        return []  # it does not parse, which is said already
    try:
        given = PyProject.model_validate(project).project
    except ValidationError as error:
        return [_finding("field", f"{field}: {message}", path=_PROJECT) for field, message in _wrong(error)]
    if declared is None:
        return []
    pairs = {
        "name": (given.name, declared.name),
        "version": (given.version, declared.version),
        "dependencies": (sorted(given.dependencies), sorted(declared.requirements)),
    }
    return [
        _finding("disagreement", f"project.{field} is {str(mine)[:200]}, the manifest says {theirs}", path=_PROJECT)
        for field, (mine, theirs) in pairs.items()
        if mine != theirs
    ]


def _line(text: str, field: str) -> int:
    """The line of the field's first part, if it stands there."""
    key = field.partition(".")[0]
    return next((number for number, line in enumerate(text.splitlines(), 1) if line.startswith(f"{key}:")), 0)


def _finding(rule: str, message: str, *, line: int = 0, path: str = manifest.PATH) -> Finding:
    return Finding(tool=TOOL, rule=rule, level=Level.ERROR, message=message, path=path, line=line)
