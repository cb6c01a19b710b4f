"""What commands that start a run share: the key that makes asking safe to repeat, and following the run."""

from typing import Annotated

import typer
import uuid_utils

from cli import output, watch
from cli.client import Api, Started
from cli.output import said

Watch = Annotated[bool, typer.Option("--watch", help="Follow the run until it ends.")]


def key() -> str:
    """A new Idempotency-Key: one for each time that somebody asks."""
    return uuid_utils.uuid7().hex


def begun(api: Api, name: str, started: Started, *, follow: bool, as_json: bool) -> None:
    """Say that it was started, and follow it if that is wanted; ends with 1 if it failed."""
    if not follow:
        if as_json:
            output.print_json(started)
        else:
            said(f"Started. Watch it: ccb watch {name}")
        return
    run = watch.follow(api, name, quiet=as_json)
    if as_json:
        output.print_json(run)
    raise typer.Exit(watch.exit_code(run))
