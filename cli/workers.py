"""Commands about the workers' builds: list, rollout. They ask Temporal, where CCB_TEMPORAL_ADDRESS says it is."""

import asyncio
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.errors import Refused, reported
from cli.options import Json
from cli.output import cell, said
from domain.builds import Builds, RolledOut
from domain.errors import CcbError

_ROLLOUT = "workers.rollout"
"""Imported when it is wanted: it brings all workflows with it, which other commands do without."""

workers = typer.Typer(
    name="workers", help="The workers' builds: which there are, and which takes the work.", invoke_without_command=True
)


@workers.callback()
def show(context: typer.Context, as_json: Json = False) -> None:
    """List the builds, how many workers of each poll, and whether they are drained."""
    if context.invoked_subcommand is not None:
        return
    with reported(as_json=as_json), _refused():
        found: Builds = asyncio.run(importlib.import_module(_ROLLOUT).builds())
        if as_json:
            output.print_json(found)
        else:
            _table(found)


@workers.command("rollout")
def rollout(
    build: Annotated[
        str | None, typer.Option("--build", help="The build; as CCB_WORKER_BUILD_ID says, or a hash of this code.")
    ] = None,
    ramp: Annotated[
        float | None, typer.Option("--ramp", min=1, max=99, help="Give it so many percent of new work only.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until the builds before it are drained.")] = True,
    histories: Annotated[
        Path | None, typer.Option("--histories", help="Where the committed histories are.", file_okay=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Let this code's build take over, once it has replayed every committed and open history without a difference."""
    rolling = importlib.import_module(_ROLLOUT)
    with reported(as_json=as_json), _refused():
        done: RolledOut = asyncio.run(
            rolling.roll_out(
                build,
                percent=ramp,
                wait=wait,
                histories=histories or rolling.COMMITTED,
                told=(lambda _: None) if as_json else said,
            )
        )
        if as_json:
            output.print_json(done)
            return
        _table(done.builds)
        if done.stoppable:
            said(f"The workers of {', '.join(done.stoppable)} may be stopped: nothing is left for them.")
        if done.builds.unversioned:
            said("Workers without a build take no new work; they may be stopped, and hand over what they do.")


@contextmanager
def _refused() -> Iterator[None]:
    """Our errors, as those of the command line."""
    try:
        yield
    except CcbError as error:
        problem = {
            "type": f"urn:ccb:error:{error.code}",
            "title": error.code.replace("_", " ").capitalize(),
            "status": error.http_status,
            "detail": error.message,
            "instance": "ccb workers",
            "code": error.code,
            "details": error.details,
        }
        raise Refused(problem) from error


def _table(found: Builds) -> None:
    table = output.table("BUILD", "STATE", "SINCE", "WORKERS", "QUEUES")
    for one in found.builds:
        state = f"{one.state} {one.percent:g} %" if one.percent else one.state.value
        since = f"{one.since:%Y-%m-%d %H:%M} UTC" if one.since else ""
        table.add_row(cell(one.build_id), cell(state), cell(since), cell(str(one.pollers)), cell(", ".join(one.queues)))
    if found.unversioned:
        table.add_row(cell("(none)"), cell(""), cell(""), cell(str(found.unversioned)), cell(""))
    output.show(table)
