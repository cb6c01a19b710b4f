"""Commands about versions: update, versions, compare, annotate."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.files import read
from cli.options import Json, NameOrId
from cli.output import cell, said
from cli.starting import Watch, begun, key
from domain.comparison import VersionComparison

VersionOption = Annotated[str, typer.Argument(help="Which version.", show_default=False)]


@connected
def update(
    api: Api,
    name: NameOrId,
    title: Annotated[str, typer.Option("--title", help="What shall be different, in a sentence.")],
    description: Annotated[str, typer.Option("--description", help="More about what is wanted.")] = "",
    document: Annotated[
        str | None,
        typer.Option(
            "--document", help="The API's document: a file, or a URL.", show_default="the one it is built for"
        ),
    ] = None,
    follow: Watch = False,
    as_json: Json = False,
) -> None:
    """Ask for a new version; the one that serves serves on until the new one has taken over."""
    body: dict[str, JsonValue] = {"title": title, "description": description}
    if document is not None:
        remote = document.startswith(("http://", "https://"))
        body["document"] = (
            {"url": document} if remote else {"artifact": api.upload(read(Path(document))).artifact.model_dump()}
        )
    begun(api, name, api.start(name, "update", body, key=key()), follow=follow, as_json=as_json)


@connected
def versions(api: Api, name: NameOrId, as_json: Json = False) -> None:
    """List the versions of an integration, oldest first, and say which one serves."""
    found = api.versions(name)
    if as_json:
        output.print_json(found)
        return
    if not found:
        said(f"{name} has no version yet.")
        return
    serves = api.serving(name)
    table = output.table("VERSION", "", "MADE", "TESTS", "PULL REQUEST", "NOTE")
    for one in found:
        state = cell("serves" if one.version == serves else "", "green")
        made = cell(output.ago(one.created_at) if one.created_at else "", "dim")
        tests = f"{one.tests_passed} passed" + (f", {one.tests_failed} failed" if one.tests_failed else "")
        pull = one.pull_request.url if one.pull_request else ""
        note = f"{one.annotation.text} ({one.annotation.by.name})" if one.annotation else ""
        table.add_row(cell(one.version), state, made, cell(tests), cell(pull), cell(note))
    output.show(table)


@connected
def compare(
    api: Api,
    name: NameOrId,
    before: Annotated[str, typer.Argument(metavar="FROM", help="One version.", show_default=False)],
    after: Annotated[str, typer.Argument(metavar="TO", help="The other.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Say what differs between two versions: in what others see, in words, and in the files, line by line."""
    found = api.compare(name, before, after)
    if as_json:
        output.print_json(found)
    else:
        _show(found)


@connected
def annotate(
    api: Api,
    name: NameOrId,
    version: VersionOption,
    text: Annotated[str, typer.Argument(help="What to note about it.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Note something about a version, in place of what was noted before."""
    noted = api.annotate(name, version, text)
    if as_json:
        output.print_json(noted)
    else:
        said(f"Noted about {name} {version}.")


def _show(found: VersionComparison) -> None:
    said(f"{found.before} → {found.after}: a {found.change} change of what others see")
    for what in found.differences:
        said(f"  {what}")
    if not found.files:
        said("The files are the same.")
    for one in found.files:
        said(f"{one.path} ({one.status}, +{one.added} −{one.removed})", "bold")
        # Written as it is: code is to be copied, and wrapped lines are no diff any more.
        sys.stdout.write(output.flowing(one.diff))
        if one.cut:
            said("  … cut: it is too long to be shown here", "dim")
