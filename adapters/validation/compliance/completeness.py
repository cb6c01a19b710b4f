"""The manifest is complete: it says what the integration is, offers and needs, and the code and README agree."""

import re
from collections.abc import Iterator, Sequence

from adapters.validation.compliance.seen import Route, Setting
from domain import bundle
from domain.manifest import PATH, Manifest
from domain.reports import Finding, Kind, Level

TOOL = "completeness"
BASE_URL = "BASE_URL"
"""Every integration may read it; it is for running one by hand."""
README = "README.md"
_PLACEHOLDER = re.compile(r"\{[^}]*\}")


def paths(files: Sequence[str]) -> Iterator[Finding]:
    """Every file can be deployed."""
    for path in files:
        if not bundle.fits(path):
            yield _finding("path", "the path is too long for a bundle", path=path, fix="use a shorter name")


def described(manifest: Manifest) -> Iterator[Finding]:
    """What is there is also said: a field of blanks says nothing."""
    fields = {"description": manifest.description, "author": manifest.author}
    fields |= {f"capabilities: {one.name}: description": one.description for one in manifest.capabilities}
    fields |= {f"configuration: {key.name}: description": key.description for key in manifest.configuration}
    fields |= {f"secrets: {key.name}: description": key.description for key in manifest.secrets}
    for field, text in fields.items():
        if not text.strip():
            yield _finding("undescribed", f"{field} is empty", fix="say it in a sentence")
    if not manifest.capabilities:
        yield _finding("no-capability", "it offers nothing: there is no capability", fix="name what it can do")


def served(manifest: Manifest, routes: Sequence[Route]) -> Iterator[Finding]:
    """Every capability's route, and the health check, are in the code."""
    found = {address(one.method, one.route) for one in routes}
    wanted = {one.name: address(one.method, one.route) for one in manifest.capabilities}
    for name, where in wanted.items():
        if where not in found:
            yield _finding(
                "not-served",
                f"the capability {name} is to be served at {where}, and no route of the app does",
                fix=f"declare a route {where} with a decorator, with its path written out",
            )
    health = address("get", manifest.health.endpoint)
    if health not in found:
        yield _finding("no-health-check", f"no route of the app serves {health}", fix=f"add a route {health}")


def explained(manifest: Manifest, readme: str | None) -> Iterator[Finding]:
    """The README names every capability by its route."""
    if readme is None:
        yield _finding(
            "no-readme", f"{README} is missing", path=README, fix="say what it does, its routes and settings"
        )
        return
    said = _PLACEHOLDER.sub("{}", readme)
    for one in manifest.capabilities:
        where = address(one.method, one.route)
        if not re.search(rf"{re.escape(where)}(?![\w/{{-])", said):
            yield _finding(
                "readme",
                f"it does not name the route {one.method.upper()} {one.route} of the capability {one.name}",
                path=README,
                fix=f"write `{one.method.upper()} {one.route}` and what it does",
            )


def settings(manifest: Manifest, read: Sequence[Setting]) -> Iterator[Finding]:
    """What is read is declared, and so given; what is declared is read."""
    declared = {key.name for key in manifest.configuration} | {secret.name for secret in manifest.secrets}
    for one in read:
        if not one.name:
            yield _finding(
                "dynamic-setting",
                "which environment variable is read here is known to the running code alone",
                level=Level.NOTE,
                path=one.path,
                line=one.line,
                fix="write its name out",
            )
        elif one.name not in declared | {BASE_URL}:
            yield _finding(
                "undeclared-setting",
                f"the environment variable {one.name[:100]} is read, and never given: the manifest does not declare it",
                path=one.path,
                line=one.line,
                fix=f"use one of {', '.join(sorted(declared | {BASE_URL}))}, or a constant",
            )
    for name in sorted(declared - {one.name for one in read} - {BASE_URL}):
        yield _finding("unused-setting", f"{name} is declared, and nothing reads it", level=Level.NOTE)


def address(method: str, route: str) -> str:
    """A route as it is called, whatever its placeholders are named."""
    return f"{method.upper()} {_PLACEHOLDER.sub('{}', route)}"


def _finding(
    rule: str, message: str, *, level: Level = Level.ERROR, path: str = PATH, line: int = 0, fix: str = ""
) -> Finding:
    return Finding(
        kind=Kind.COMPLIANCE, tool=TOOL, rule=rule, level=level, message=message, path=path, line=line, fix=fix
    )
