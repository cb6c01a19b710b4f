"""Commands about accounts: who one is, and who is logged in from where."""

from datetime import datetime
from typing import Annotated

import typer
from pydantic import ConfigDict, TypeAdapter

from cli import output
from cli.asking import person_named
from cli.client import Api
from cli.connection import connected
from cli.errors import BadInput
from cli.options import Json
from cli.output import cell, said
from domain.base import Data
from domain.organizations import Membership

sessions = typer.Typer(name="sessions", help="Who is logged in, and from where.", no_args_is_help=True)


class Me(Data):
    """Who calls, as the API answers it."""

    model_config = ConfigDict(extra="ignore")

    id: str
    name: str
    email: str | None
    roles: list[str]
    organizations: list[Membership]
    created_at: datetime | None
    last_login: datetime | None
    second_factor: bool
    recovery_codes_left: int


class OpenSession(Data):
    """A session that has not ended."""

    model_config = ConfigDict(extra="ignore")

    id: str
    method: str
    second_factor: bool
    ip: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool


class Ended(Data):
    sessions: int


_SESSIONS = TypeAdapter(list[OpenSession])
Whose = Annotated[str | None, typer.Option("--of", metavar="PERSON", help="Of somebody else, by name or id.")]


@connected
def me(api: Api, as_json: Json = False) -> None:
    """Say who one is here: account, roles and organisations."""
    found = api.ask(Me, "/api/v1/me")
    if as_json:
        output.print_json(found)
        return
    said(f"{found.name} ({found.id})" + (f", {found.email}" if found.email else ""))
    for one in found.organizations:
        said(f"  {one.role} in {one.organization.name}" + (", home" if one.home else ""))
    last = found.last_login.isoformat(" ", "minutes") if found.last_login else "never"
    factor = f"yes, {found.recovery_codes_left} recovery codes left" if found.second_factor else "no"
    said(f"  last login: {last}; second factor: {factor}")


@sessions.command("list")
@connected
def list_sessions(api: Api, of: Whose = None, as_json: Json = False) -> None:
    """List the sessions that have not ended, the newest first."""
    found = _SESSIONS.validate_json(api.call("GET", _base(api, of)))
    if as_json:
        output.print_json(found)
        return
    table = output.table("ID", "BY", "FROM", "AGENT", "SINCE", "LAST SEEN", "")
    for one in found:
        by = f"{one.method} + code" if one.second_factor else one.method
        times = (one.created_at.isoformat(" ", "minutes"), one.last_seen_at.isoformat(" ", "minutes"))
        mark = "this one" if one.current else ""
        table.add_row(*(cell(value) for value in (one.id, by, one.ip, one.user_agent[:40], *times, mark)))
    output.show(table)


@sessions.command("end")
@connected
def end(
    api: Api,
    session_id: Annotated[str | None, typer.Argument(help="The session, as `ccb sessions list` names it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, but the one that asks.")] = False,
    of: Whose = None,
    as_json: Json = False,
) -> None:
    """End a session, or all: their tokens open nothing from now on."""
    if everything == (session_id is not None):
        raise BadInput("Name a session, or give --all.")
    base = _base(api, of)
    if session_id is None:
        ended = Ended.model_validate_json(api.call("DELETE", base))
    else:
        if not session_id.isascii() or not session_id.replace("_", "").isalnum():
            raise BadInput(f"{session_id} is no session's id; `ccb sessions list` shows them.")
        api.call("DELETE", f"{base}/{session_id}")
        ended = Ended(sessions=1)
    if as_json:
        output.print_json(ended)
    else:
        said(f"Ended {ended.sessions}.")


def _base(api: Api, of: str | None) -> str:
    if of is None:
        return "/api/v1/auth/sessions"
    return f"/api/v1/people/{person_named(api, of).id}/sessions"
