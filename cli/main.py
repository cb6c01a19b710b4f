"""`ccb`, the command line."""

import json
from importlib.metadata import version as installed
from typing import Annotated

import typer

from cli import bundles, integrations, reviews
from cli.demo import demo
from cli.limits import limits
from cli.options import Json
from cli.people import people
from cli.secrets import secrets
from cli.up import up
from cli.watch import watch

app = typer.Typer(
    name="ccb",
    help="Claude Code Bot: turns a request for an integration into a running, watched service.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("up")(up)
app.command("demo")(demo)
app.command("create")(integrations.create)
app.command("status")(integrations.status)
app.command("watch")(watch)
app.command("list")(integrations.list_integrations)
app.command("logs")(integrations.logs)
app.command("approve")(reviews.approve)
app.command("request-changes")(reviews.request_changes)
app.command("abandon")(reviews.abandon)
app.command("budget")(reviews.budget)
app.command("bundle")(bundles.bundle)
app.command("verify")(bundles.verify)
app.add_typer(people)
app.add_typer(secrets)
app.add_typer(limits)


@app.command("version")
def version(as_json: Json = False) -> None:
    """Say which version this is."""
    typer.echo(json.dumps({"version": installed("ccb")}) if as_json else f"ccb {installed('ccb')}")


def _version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def _options(
    _wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and end.")
    ] = False,
) -> None:
    """Claude Code Bot."""


def main() -> None:
    app()
