"""Commands about the audit: list, verify."""

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlencode

import typer

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.options import Json
from cli.output import cell, said
from domain.audit import AuditEntry, AuditPage, Head, verified

audit = typer.Typer(
    name="audit", help="Who did what, when, from where, to what, with which result.", no_args_is_help=True
)

_PAGE = 1000


@audit.command("list")
@connected
def list_entries(
    api: Api,
    action: Annotated[str | None, typer.Option("--action", help="Only this, such as integration.retire.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only what was done to this.")] = None,
    person: Annotated[str | None, typer.Option("--person", help="Only what this person did, by id.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=_PAGE, help="At most so many.")] = 50,
    every: Annotated[bool, typer.Option("--all", help="The whole chain, whatever else is asked for.")] = False,
    as_json: Json = False,
) -> None:
    """List the last entries, newest last."""
    if every:
        found = list(_until(api, _page(api, limit=1).head))
    else:
        found = _page(api, newest=True, limit=limit, action=action, subject=subject, person=person).items
    if as_json:
        output.print_json(found)
        return
    table = output.table("", "WHEN", "WHO", "BY", "WHAT", "TO", "RESULT", "FROM")
    for column in table.columns[1:5]:
        column.no_wrap = True
    for one in found:
        when = cell(output.ago(one.at), "dim")
        what = (cell(one.action), cell(one.subject), cell(one.result), cell(one.client or "", "dim"))
        table.add_row(cell(one.sequence, "dim"), when, cell(one.actor.name), cell(one.actor.channel), *what)
    output.show(table)


@audit.command("verify")
@connected
def verify(
    api: Api,
    noted: Annotated[
        str | None, typer.Option("--noted", metavar="HASH", help="A hash noted earlier, which has to be in the chain.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute the whole chain anew, here, and say whether an entry was changed, removed or moved. Ends with 1 if so."""
    head = _page(api, limit=1).head
    found = verified(_until(api, head), head, noted=noted)
    if as_json:
        output.print_json(found)
    elif found.broken is None:
        said(f"{found.entries} entries, and each follows from the one before.")
        said(f"Note the last hash where nobody here can change it: {found.head.hash}")
    else:
        said(f"The audit does not hold at entry {found.broken.sequence}: {found.broken.why}.", "red")
    raise typer.Exit(0 if found.broken is None else 1)


def _until(api: Api, head: Head) -> Iterator[AuditEntry]:
    """The chain as far as `head`, page by page."""
    after = 0
    while after < head.sequence:
        items = [one for one in _page(api, after=after, limit=_PAGE).items if one.sequence <= head.sequence]
        yield from items
        if not items or items[-1].sequence <= after:
            return
        after = items[-1].sequence


def _page(api: Api, **wanted: str | int | None) -> AuditPage:
    query = {name: "true" if value is True else value for name, value in wanted.items() if value is not None}
    return api.ask(AuditPage, f"/api/v1/audit?{urlencode(query)}")
