"""Commands about integrations: create, status, list, logs."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue

from cli import output, view, watch
from cli.client import Api
from cli.connection import connected
from cli.files import read
from cli.options import Json, NameOrId
from cli.output import said
from cli.starting import begun, key

_PAGE = 200


@connected
def create(
    api: Api,
    title: Annotated[str, typer.Option("--title", help="What is wanted, in a sentence.")],
    spec: Annotated[str, typer.Option("--spec", help="The API's OpenAPI 3.x document: a file, or a URL.")],
    description: Annotated[str, typer.Option("--description", help="More about what is wanted.")] = "",
    description_file: Annotated[Path | None, typer.Option("--description-file", help="The same, from a file.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="A name for it, such as project-issues.")] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="Where the API is, if not as its document says.")
    ] = None,
    repository: Annotated[str | None, typer.Option("--repository", help="Where the code goes, as owner/name.")] = None,
    follow: Annotated[
        bool | None, typer.Option("--watch/--no-watch", help="Follow the run; usual on a terminal.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask for an integration and follow its run."""
    if description_file is not None:
        description = read(description_file).decode("utf-8", "replace")
    remote = spec.startswith(("http://", "https://"))
    document = b"" if remote else read(Path(spec))
    source: JsonValue = {"url": spec} if remote else {"artifact": api.upload(document).artifact.model_dump()}
    request: dict[str, JsonValue] = {"title": title, "description": description, "document": source}
    chosen = {"name": name, "base_url": base_url, "repository": repository}
    request |= {field: value for field, value in chosen.items() if value is not None}
    if follow is None:
        follow = sys.stdout.isatty() and not as_json
    started = api.create(request, key=key())
    begun(api, name or started.integration_id, started, follow=follow, as_json=as_json)


@connected
def status(
    api: Api,
    name: NameOrId,
    follow: Annotated[bool, typer.Option("--watch", help="Follow the run until it ends.")] = False,
    as_json: Json = False,
) -> None:
    """Say where an integration stands, what it waits for and since when."""
    run = watch.follow(api, name, quiet=as_json) if follow else api.run(name)
    if as_json:
        output.print_json(run)
    elif not follow:
        output.console.print(view.rendered(run))
    if follow:
        raise typer.Exit(watch.exit_code(run))


@connected
def logs(
    api: Api,
    name: NameOrId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many of the last lines.")] = 200,
    as_json: Json = False,
) -> None:
    """Show what the deployed integration printed, and what its runner said of it."""
    styles = {"stderr": "yellow", "runner": "cyan"}
    for entry in api.logs(name, limit=limit, follow=follow):
        if as_json:
            output.print_json(entry)
        else:
            at = entry.at.astimezone().strftime("%H:%M:%S")
            said(f"{at} {entry.stream:<6} {entry.text}", styles.get(entry.stream, ""))
