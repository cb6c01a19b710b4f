"""Commands about what all runs together may spend: show, set."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from pydantic import JsonValue

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.errors import BadInput, reported
from cli.options import DEFAULT_DATA_DIR, ApiKey, ApiUrl, DataDir, Json, KeyFile
from cli.output import cell
from domain.conversation import LimitStanding

limits = typer.Typer(name="limits", help="What all runs together may spend on Claude.", invoke_without_command=True)

_WHAT = {"organization_month_usd": "organisation, month", "day_usd": "everybody, day"}


@limits.callback()
def show(
    context: typer.Context,
    as_json: Json = False,
    api_url: ApiUrl = None,
    key: ApiKey = None,
    key_file: KeyFile = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Show the limits, what is spent and reserved of them, and when they begin anew."""
    if context.invoked_subcommand is not None:
        return
    with reported(as_json=as_json), Api.at(api_url, key, key_file, data_dir) as api:
        _shown(api.limits(), as_json=as_json)


@limits.command("set")
@connected
def set_limits(
    api: Api,
    day_usd: Annotated[
        str | None, typer.Option("--day-usd", metavar="USD", help="For everybody in a day; `none` for no limit.")
    ] = None,
    organization_month_usd: Annotated[
        str | None,
        typer.Option(
            "--organization-month-usd",
            metavar="USD",
            help="For each organisation in a calendar month; `none` for no limit.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Set limits; runs that wait for room go on if there is some now."""
    given = {"day_usd": day_usd, "organization_month_usd": organization_month_usd}
    body = {name: _usd(value) for name, value in given.items() if value is not None}
    if not body:
        raise BadInput("Give at least one of --day-usd and --organization-month-usd.")
    _shown(api.set_limits(body), as_json=as_json)


def _usd(text: str) -> JsonValue:
    """As the API takes it: text, so that no digit is lost; null for no limit."""
    if text == "none":
        return None
    try:
        usd = Decimal(text)
    except InvalidOperation as error:
        raise BadInput(f"{text} is not an amount of US dollars, such as 50 or 12.50, or `none`.") from error
    return str(usd)


def _shown(standing: list[LimitStanding], *, as_json: bool) -> None:
    if as_json:
        output.print_json(standing)
        return
    table = output.table("FOR", "PERIOD", "LIMIT", "SPENT", "RESERVED", "BEGINS ANEW")
    for one in standing:
        limit = "none" if one.limit_usd is None else f"${one.limit_usd:f}"
        table.add_row(
            cell(_WHAT[one.name]),
            cell(one.period),
            cell(limit),
            cell(f"${one.spent_usd:.4f}"),
            cell(f"${one.reserved_usd:.4f}"),
            cell(f"{one.resets_at:%Y-%m-%d %H:%M} UTC"),
        )
    output.show(table)
