"""Commands about API keys: list, create, revoke."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from pydantic import ConfigDict, JsonValue, TypeAdapter

from cli import output
from cli.asking import asked, part, person_named
from cli.client import Api
from cli.connection import connected
from cli.options import Json
from cli.output import cell, said
from domain.access import ApiKey
from domain.base import Data

keys = typer.Typer(name="keys", help="API keys: your own, and those of others.", no_args_is_help=True)

Whose = Annotated[str | None, typer.Option("--of", metavar="PERSON", help="Somebody else's, by name or id.")]


class Issued(Data):
    """A key as it is shown once."""

    model_config = ConfigDict(extra="ignore")

    id: str
    person_id: str
    label: str
    key: str
    prefix: str


_KEYS, _KEY, ISSUED = TypeAdapter(list[ApiKey]), TypeAdapter(ApiKey), TypeAdapter(Issued)


@keys.command("list")
@connected
def list_keys(
    api: Api,
    of: Whose = None,
    revoked: Annotated[bool, typer.Option("--revoked", help="Those revoked too.")] = False,
    as_json: Json = False,
) -> None:
    """List keys, the newest first: how each begins, what it is for, when it was last used."""
    found = [one for one in asked(api, _KEYS, "GET", _base(api, of)) if revoked or one.revoked_at is None]
    if as_json:
        output.print_json(found)
        return
    table = output.table("KEY", "LABEL", "SCOPES", "LAST USED", "STATE", "ID")
    for one in found:
        scopes = "all" if one.scopes is None else ", ".join(one.scopes)
        used = output.ago(one.last_used_at) if one.last_used_at else "never"
        table.add_row(*(cell(value) for value in (f"{one.prefix}…", one.label, scopes, used, _state(one), one.id)))
    output.show(table)


@keys.command("create")
@connected
def create(
    api: Api,
    label: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="Allow only this, such as runs:read. May be repeated.")
    ] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="It ends after so many days.")] = None,
    of: Whose = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown this once."""
    body: dict[str, JsonValue] = {"label": label}
    if scope:
        body["scopes"] = [*scope]
    if days is not None:
        body["expires_at"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    issued = asked(api, ISSUED, "POST", _base(api, of), body)
    if as_json:
        output.print_json(issued)
    else:
        typer.echo(issued.key)


@keys.command("revoke")
@connected
def revoke(
    api: Api,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Which, as `ccb keys list` names it.")],
    of: Whose = None,
    as_json: Json = False,
) -> None:
    """Have a key open nothing any more."""
    found = asked(api, _KEY, "DELETE", f"{_base(api, of)}/{part(key_id)}")
    if as_json:
        output.print_json(found)
    else:
        said(f"The key {found.prefix}… ({found.label}) is revoked.")


def _base(api: Api, of: str | None) -> str:
    return "/api/v1/keys" if of is None else f"/api/v1/people/{part(person_named(api, of).id)}/keys"


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is None:
        return "good"
    return "over" if key.expires_at <= datetime.now(UTC) else f"until {key.expires_at:%Y-%m-%d %H:%M} UTC"
