"""Commands about integrations that serve: how they are, and whether the APIs they use have changed."""

from typing import Annotated
from urllib.parse import quote

import typer
from rich.text import Text

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.options import Json, NameOrId
from cli.output import cell, said
from domain.base import Data
from domain.drift import Drift
from domain.health import Health, HealthState, Incident, Uptime

_STYLES = {HealthState.HEALTHY: "green", HealthState.DEGRADED: "yellow", HealthState.DOWN: "red"}


class _Named(Data):
    name: str
    health: Health


class _Listed(Data):
    items: list[_Named]


class HealthDetail(Data):
    """As the API answers it."""

    name: str | None
    health: Health | None
    uptime_24h: Uptime
    uptime_30d: Uptime
    incidents: list[Incident]


@connected
def health(
    api: Api,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name or id; without it, all that serve.")] = None,
    as_json: Json = False,
) -> None:
    """Show how integrations are: their health, and with a name its uptime and incidents."""
    if name is None:
        _all(api.ask(_Listed, "/api/v1/health").items, as_json=as_json)
        return
    found = api.ask(HealthDetail, _path(name, "health"))
    if as_json:
        output.print_json(found)
        return
    if found.health is None:
        said(f"{name} was not checked yet: only what serves is.")
    else:
        one = found.health
        said(f"{found.name} {one.version} is {one.state} since {output.ago(one.since)}", _STYLES[one.state])
        said(f"Checked {output.ago(one.checked_at)} in {one.latency_ms:.0f} ms. {one.detail}".strip())
    said(f"Uptime: {_share(found.uptime_24h)} in 24 hours, {_share(found.uptime_30d)} in 30 days")
    if found.incidents:
        _incidents(found.incidents)


@connected
def drift(api: Api, name: NameOrId, as_json: Json = False) -> None:
    """Show what changed in the API that an integration uses, as its published document says."""
    found = api.ask(Drift, _path(name, "drift"))
    if as_json:
        output.print_json(found)
        return
    said(f"{name} {found.version}: looked at {output.ago(found.checked_at)}")
    if found.unreachable_since is not None:
        said(f"Not readable since {output.ago(found.unreachable_since)}: {found.error}", "yellow")
    if not found.differences:
        said("Nothing that it uses has changed.")
        return
    table = output.table("BREAKING", "WHERE", "WHAT")
    for one in found.differences:
        table.add_row(cell("yes" if one.breaking else "", "red"), cell(one.where), cell(one.what))
    output.show(table)
    if found.update_run is not None and found.acted_on == found.document_hash:
        said(f"An update was opened for it: ccb status {name}")


def _all(found: list[_Named], *, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    if not found:
        said("Nothing was checked yet: only what serves is.")
        return
    table = output.table("NAME", "HEALTH", "SINCE", "CHECKED", "LATENCY", "DETAIL")
    for one in found:
        at = one.health
        table.add_row(
            cell(one.name),
            Text(at.state, style=_STYLES[at.state]),
            cell(output.ago(at.since)),
            cell(output.ago(at.checked_at), "dim"),
            cell(f"{at.latency_ms:.0f} ms"),
            cell(at.detail),
        )
    output.show(table)


def _incidents(found: list[Incident]) -> None:
    table = output.table("INCIDENT", "LASTED", "DONE", "CAUSE")
    for one in found:
        lasted = "goes on" if one.closed_at is None else output.seconds((one.closed_at - one.opened_at).total_seconds())
        done = ", ".join(step.action.replace("_", " ") for step in one.steps)
        table.add_row(cell(f"{one.opened_at:%Y-%m-%d %H:%M} UTC"), cell(lasted), cell(done), cell(one.cause))
    output.show(table)


def _share(uptime: Uptime) -> str:
    return "unknown" if uptime.share is None else f"{uptime.share * 100:.2f} %"


def _path(name: str, what: str) -> str:
    return f"/api/v1/integrations/{quote(name, safe='')}/{what}"
