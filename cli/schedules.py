"""Commands about what is started again and again: list, pause, resume."""

from typing import Annotated
from urllib.parse import quote

import typer

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.errors import reported
from cli.options import DEFAULT_DATA_DIR, ApiKey, ApiUrl, DataDir, Json, KeyFile
from cli.output import cell, said
from domain.base import Data
from domain.schedules import Schedule

schedules = typer.Typer(
    name="schedules",
    help="What is started again and again: sweeps, watches, nightly tests.",
    invoke_without_command=True,
)

ScheduleId = Annotated[str, typer.Argument(metavar="ID", help="Which, as `ccb schedules` names it.")]


class _Listed(Data):
    items: list[Schedule]


@schedules.callback()
def show(
    context: typer.Context,
    as_json: Json = False,
    api_url: ApiUrl = None,
    key: ApiKey = None,
    key_file: KeyFile = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Show the schedules, and when they start something next."""
    if context.invoked_subcommand is not None:
        return
    with reported(as_json=as_json), Api.at(api_url, key, key_file, data_dir) as api:
        found = api.ask(_Listed, "/api/v1/schedules").items
    if as_json:
        output.print_json(found)
        return
    table = output.table("SCHEDULE", "WHEN", "STATE", "LAST", "NEXT")
    for one in found:
        when = one.cron if one.every is None else f"every {output.seconds(one.every.total_seconds())}"
        table.add_row(
            cell(one.id),
            cell(when),
            cell("paused" if one.paused else "on", "yellow" if one.paused else ""),
            cell(output.ago(one.last_at) if one.last_at else "never", "dim"),
            cell(f"{one.next_at:%Y-%m-%d %H:%M} UTC" if one.next_at else ""),
        )
    output.show(table)


@schedules.command("pause")
@connected
def pause(api: Api, schedule: ScheduleId, as_json: Json = False) -> None:
    """Start no more of it until it is resumed."""
    _steered(api, schedule, "pause", as_json=as_json)


@schedules.command("resume")
@connected
def resume(api: Api, schedule: ScheduleId, as_json: Json = False) -> None:
    """Start it again as it is planned."""
    _steered(api, schedule, "resume", as_json=as_json)


def _steered(api: Api, schedule: str, what: str, *, as_json: bool) -> None:
    found = api.ask(Schedule, f"/api/v1/schedules/{quote(schedule, safe='')}/{what}", method="POST")
    if as_json:
        output.print_json(found)
    else:
        said(f"{found.id} is {'paused' if found.paused else 'on'}.")
