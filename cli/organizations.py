"""Commands about organisations: list, create, rename, invite, join, add."""

from typing import Annotated

import typer
from pydantic import JsonValue, TypeAdapter

from cli import output
from cli.asking import asked, memberships, organization_id, part
from cli.client import Api
from cli.connection import connected
from cli.options import Json
from cli.output import cell, said
from domain.base import Data
from domain.organizations import Invitation, Membership, Organization
from domain.people import Person, Role

organizations = typer.Typer(name="organizations", help="Whose integrations and people are whose.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(metavar="ORGANIZATION", help="Its name or id.")]
RoleGiven = Annotated[str, typer.Option("--role", help="What they may do there.")]


class Invited(Data):
    """An invitation as it is shown once."""

    invitation: Invitation
    code: str


_ORGANIZATION, _MEMBERSHIP = TypeAdapter(Organization), TypeAdapter(Membership)
_INVITED, _INVITATIONS, _PERSON = TypeAdapter(Invited), TypeAdapter(list[Invitation]), TypeAdapter(Person)


@organizations.command("list")
@connected
def list_organizations(api: Api, as_json: Json = False) -> None:
    """List those that you belong to, with your role in each."""
    found = memberships(api)
    if as_json:
        output.print_json(found)
        return
    table = output.table("NAME", "ROLE", "HOME", "ID")
    for one in found:
        row = (one.organization.name, one.role, "home" if one.home else "", one.organization.id)
        table.add_row(*(cell(value) for value in row))
    output.show(table)


@organizations.command("create")
@connected
def create(api: Api, name: Annotated[str, typer.Argument(help="Its name.")], as_json: Json = False) -> None:
    """Make an organisation, whose admin you are."""
    made = asked(api, _ORGANIZATION, "POST", "/api/v1/organizations", {"name": name})
    if as_json:
        output.print_json(made)
    else:
        said(f"Made {made.name} ({made.id}). Act in it with --organization {made.id}.")


@organizations.command("rename")
@connected
def rename(
    api: Api, named: Which, name: Annotated[str, typer.Argument(help="Its new name.")], as_json: Json = False
) -> None:
    """Give an organisation another name."""
    made = asked(api, _ORGANIZATION, "PATCH", _base(api, named), {"name": name})
    if as_json:
        output.print_json(made)
    else:
        said(f"{made.id} is called {made.name}.")


@organizations.command("invite")
@connected
def invite(
    api: Api,
    named: Which,
    role: RoleGiven = Role.DEVELOPER,
    email: Annotated[str | None, typer.Option("--email", help="Only whoever is known here by this address.")] = None,
    as_json: Json = False,
) -> None:
    """Make a code by which somebody joins, within seven days. It is shown this once."""
    body: dict[str, JsonValue] = {"role": role, "email": email}
    made = asked(api, _INVITED, "POST", f"{_base(api, named)}/invitations", body)
    if as_json:
        output.print_json(made)
    else:
        typer.echo(made.code)


@organizations.command("invitations")
@connected
def invitations(api: Api, named: Which, as_json: Json = False) -> None:
    """List the invitations that are still open."""
    found = asked(api, _INVITATIONS, "GET", f"{_base(api, named)}/invitations")
    if as_json:
        output.print_json(found)
        return
    table = output.table("ROLE", "EMAIL", "UNTIL", "ID")
    for one in found:
        table.add_row(*(cell(value) for value in (one.role, one.email, f"{one.expires_at:%Y-%m-%d %H:%M} UTC", one.id)))
    output.show(table)


@organizations.command("withdraw")
@connected
def withdraw(
    api: Api,
    named: Which,
    invitation: Annotated[str, typer.Argument(metavar="ID", help="Which invitation.")],
    as_json: Json = False,
) -> None:
    """Take an open invitation back."""
    base = f"{_base(api, named)}/invitations"
    open_ones = asked(api, _INVITATIONS, "GET", base)
    api.call("DELETE", f"{base}/{part(invitation)}")
    if as_json:
        output.print_json([one for one in open_ones if one.id == invitation])
    else:
        said(f"The invitation {invitation} is void.")


@organizations.command("join")
@connected
def join(api: Api, code: Annotated[str, typer.Argument(help="The invitation's.")], as_json: Json = False) -> None:
    """Join the organisation that you were invited to."""
    made = asked(api, _MEMBERSHIP, "POST", "/api/v1/invitations/accept", {"code": code})
    if as_json:
        output.print_json(made)
    else:
        said(f"You are {made.role} in {made.organization.name} ({made.organization.id}).")


@organizations.command("add")
@connected
def add(
    api: Api,
    named: Which,
    person: Annotated[str, typer.Argument(metavar="PERSON_ID", help="Somebody of another organisation of yours.")],
    role: RoleGiven = Role.DEVELOPER,
    as_json: Json = False,
) -> None:
    """Make somebody a member, without asking them."""
    body: dict[str, JsonValue] = {"person_id": person, "role": role}
    made = asked(api, _PERSON, "POST", f"{_base(api, named)}/members", body)
    if as_json:
        output.print_json(made)
    else:
        said(f"{made.name} is {made.role} there.")


def _base(api: Api, named: str) -> str:
    """The path of an organisation, which is acted in from now on."""
    found = organization_id(api, named)
    api.act_in(found)
    return f"/api/v1/organizations/{part(found)}"
