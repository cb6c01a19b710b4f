"""Commands about webhook deliveries: list, show, replay."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

import typer

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.errors import BadInput
from cli.options import Json
from cli.output import cell, said
from domain.base import Data
from domain.deliveries import DeliveryPage, StoredDelivery

webhooks = typer.Typer(
    name="webhooks",
    help="What GitHub, Slack, Linear and Jira sent, and what came of it.",
    no_args_is_help=True,
)

_PATH = "/api/v1/deliveries"
_STYLES = {"failed": "red", "refused": "yellow", "ignored": "dim", "waiting": "cyan"}
_SOURCES = ("github", "slack", "linear", "jira")

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="From whom: github, slack, linear or jira.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The delivery, as `ccb webhooks list` names it.")]
From = Annotated[str | None, typer.Option("--source", help="Only from this one: github, slack, linear or jira.")]


class _Replayed(Data):
    delivery: StoredDelivery
    replayed: bool


@webhooks.command("list")
@connected
def list_deliveries(
    api: Api,
    source: From = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="Only what came to this, such as failed.")] = None,
    hours: Annotated[float | None, typer.Option("--hours", min=0, help="Only what came in the last hours.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List deliveries, newest first."""
    found: list[StoredDelivery] = []
    for one in _all(api, source=source, outcome=outcome, hours=hours):
        found.append(one)
        if len(found) == limit:
            break
    if as_json:
        output.print_json(found)
        return
    table = output.table("SOURCE", "ID", "EVENT", "CAME", "OUTCOME", "WHY")
    for one in found:
        action = one.outcome.action if one.outcome else "waiting"
        why = one.outcome.detail[:200] if one.outcome else ""
        came = cell(output.ago(one.received_at), "dim")
        table.add_row(
            cell(one.source), cell(one.id), cell(one.event), came, cell(action, _STYLES.get(action, "green")), cell(why)
        )
    output.show(table)


@webhooks.command("show")
@connected
def show(api: Api, source: Source, delivery: Id, as_json: Json = False) -> None:
    """Show one delivery."""
    found = api.ask(StoredDelivery, _path(source, delivery))
    if as_json:
        output.print_json(found)
        return
    said(f"{found.source} {found.id}: {found.event}, {output.ago(found.received_at)}")
    if found.outcome is None:
        said("  is being handled, or waits for it")
    else:
        said(f"  {found.outcome.action} {found.outcome.detail}".rstrip())
    if found.outcome is not None and found.outcome.integration_id is not None:
        said(f"  about {found.outcome.integration_id}")
    said(f"  handled {found.attempts} times; workflow {found.workflow_id}")


@webhooks.command("replay")
@connected
def replay(
    api: Api,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help="From whom.", show_default=False)] = None,
    delivery: Annotated[str | None, typer.Argument(metavar="[ID]", help="Which delivery.", show_default=False)] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that failed, of this source or of any.")] = False,
    as_json: Json = False,
) -> None:
    """Have a delivery handled again that came to nothing; one that did something does nothing twice."""
    if failed == (delivery is not None):
        raise BadInput("Name a source and a delivery, or say --failed for all that failed.")
    if failed:
        found = _all(api, source=source, outcome="failed", hours=None)
        which = [(str(one.source), one.id) for one in found]
    else:
        which = [(source or "", delivery or "")]
    done = [api.ask(_Replayed, f"{_path(*one)}/replay", method="POST") for one in which]
    if as_json:
        output.print_json(done)
        return
    if not done:
        said("No delivery has failed.")
    for one in done:
        what = "is handled again" if one.replayed else "is left as it is: it did something, or is being handled"
        said(f"{one.delivery.source} {one.delivery.id} {what}")


def _all(api: Api, *, source: str | None, outcome: str | None, hours: float | None) -> Iterator[StoredDelivery]:
    query = {"source": source, "outcome": outcome, "limit": "200"}
    if hours is not None:
        query["since"] = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    cursor: str | None = ""
    while cursor is not None:
        given = {name: value for name, value in {**query, "cursor": cursor}.items() if value}
        page = api.ask(DeliveryPage, f"{_PATH}?{urlencode(given)}")
        yield from page.items
        cursor = page.next_cursor


def _path(source: str, delivery: str) -> str:
    if source not in _SOURCES:
        raise BadInput(f"A source is one of {', '.join(_SOURCES)}, not {source}.")
    return f"{_PATH}/{source}/{quote(delivery, safe='')}"
