"""Commands about an integration's end, and about who needs whom: deprecate, undeprecate, retire, dependencies."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import JsonValue

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.errors import BadInput
from cli.options import Json, NameOrId
from cli.output import cell, said
from cli.starting import Watch, begun, key


@connected
def deprecate(
    api: Api,
    name: NameOrId,
    reason: Annotated[str, typer.Option("--reason", help="Why it will end.")],
    sunset: Annotated[
        str | None, typer.Option("--sunset", metavar="DATE", help="When it will be gone, such as 2027-06-30 (UTC).")
    ] = None,
    link: Annotated[str | None, typer.Option("--link", metavar="URL", help="A page about it.")] = None,
    follow: Watch = False,
    as_json: Json = False,
) -> None:
    """Say that an integration will end: in the headers of its answers, and to owners and dependents."""
    body: dict[str, JsonValue] = {"reason": reason}
    body |= {"sunset_at": _moment(sunset)} if sunset else {}
    body |= {"link": link} if link else {}
    begun(api, name, api.start(name, "deprecate", body, key=key()), follow=follow, as_json=as_json)


@connected
def undeprecate(
    api: Api,
    name: NameOrId,
    reason: Annotated[str, typer.Option("--reason", help="Why it will not end after all.")],
    follow: Watch = False,
    as_json: Json = False,
) -> None:
    """Take a deprecation back: the integration is active again."""
    begun(api, name, api.undeprecate(name, reason, key=key()), follow=follow, as_json=as_json)


@connected
def retire(
    api: Api,
    name: NameOrId,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who read the audit.")],
    force: Annotated[bool, typer.Option("--force", help="Although others depend on it, or it is used.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    follow: Watch = False,
    as_json: Json = False,
) -> None:
    """End an integration: stop it, forget its secrets, free its name. What it was stays in the archive."""
    if not yes and sys.stdin.isatty():
        question = f"Retire {name}? It is stopped, and its secrets are forgotten; there is no way back."
        typer.confirm(question, abort=True, err=True)
    body: dict[str, JsonValue] = {"reason": reason, "force": force}
    begun(api, name, api.start(name, "retire", body, key=key()), follow=follow, as_json=as_json)


@connected
def dependencies(
    api: Api,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Name or id; without one, all.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what an integration needs, who needs it, and in which order to deploy."""
    if name is None:
        every = api.order()
        if as_json:
            output.print_json(every)
        else:
            _order(every.order)
        return
    found = api.dependencies(name)
    if as_json:
        output.print_json(found)
        return
    if not found.needs and not found.needed_by:
        said(f"{found.name} needs no other integration, and none needs it.")
        return
    table = output.table("", "NAME", "RANGE", "SERVES", "")
    for need in found.needs:
        what = "missing" if need.version is None else "out of range" if not need.met else ""
        note = cell(what, "red") if what else cell("deprecated" if need.deprecated else "", "yellow")
        table.add_row(cell("needs"), cell(need.name), cell(need.version_range), cell(need.version), note)
    for other in found.needed_by:
        note = cell("" if other.met else "out of range", "red")
        table.add_row(cell("needed by"), cell(other.name), cell(other.version_range), cell(other.version), note)
    output.show(table)
    _order(found.order)


def _order(order: list[list[str]]) -> None:
    said(
        "Order of deployment: " + " → ".join(", ".join(group) for group in order) if order else "Nothing is registered."
    )


def _moment(text: str) -> str:
    """As the API takes it. A day without a time is its beginning, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text} is not a date, such as 2027-06-30 or 2027-06-30T12:00Z.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
