"""Commands about roles: list, show, set, remove."""

from typing import Annotated

import typer
from pydantic import JsonValue, TypeAdapter

from cli import output
from cli.asking import asked, part
from cli.client import Api
from cli.connection import connected
from cli.errors import BadInput, Refused
from cli.options import Json
from cli.output import cell, said
from domain.access import Condition, Grant, RoleDefinition

roles = typer.Typer(name="roles", help="What people may do: roles built in, and your own.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(metavar="ROLE", help="Its name.")]
_ROLES, _ROLE = TypeAdapter(list[RoleDefinition]), TypeAdapter(RoleDefinition)


@roles.command("list")
@connected
def list_roles(api: Api, as_json: Json = False) -> None:
    """List the roles that can be given here."""
    found = asked(api, _ROLES, "GET", "/api/v1/roles")
    if as_json:
        output.print_json(found)
        return
    table = output.table("ROLE", "BUILT IN", "PERMISSIONS")
    for one in found:
        table.add_row(cell(one.name), cell("yes" if one.built_in else ""), cell(len(one.permissions)))
    output.show(table)


@roles.command("show")
@connected
def show(api: Api, role: Which, as_json: Json = False) -> None:
    """Show what a role allows, and under which conditions."""
    found = asked(api, _ROLE, "GET", f"/api/v1/roles/{part(role)}")
    if as_json:
        output.print_json(found)
        return
    table = output.table("PERMISSION", "ONLY WHERE")
    for grant in found.permissions:
        where = " and ".join(f"{one.attribute} is {' or '.join(one.values)}" for one in grant.conditions)
        table.add_row(cell(grant.permission), cell(where))
    output.show(table)


@roles.command("set")
@connected
def set_role(
    api: Api,
    role: Which,
    allow: Annotated[
        list[str],
        typer.Option(
            "--allow",
            help="A permission, such as runs:read, or one with conditions: "
            "integrations:deploy,environment=staging,owner=self; values with | between. May be repeated.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Make a role of your own, or have it allow something else: exactly what is named."""
    grants: list[JsonValue] = [_grant(one).model_dump(mode="json") for one in allow]
    try:
        made = asked(api, _ROLE, "PUT", f"/api/v1/roles/{part(role)}", {"permissions": grants})
    except Refused as refused:
        if refused.problem["code"] != "not_found":
            raise
        made = asked(api, _ROLE, "POST", "/api/v1/roles", {"name": role, "permissions": grants})
    if as_json:
        output.print_json(made)
    else:
        said(f"The role {made.name} allows {', '.join(grant.permission for grant in made.permissions)}.")


@roles.command("remove")
@connected
def remove(api: Api, role: Which, as_json: Json = False) -> None:
    """Remove a role of your own that nobody has."""
    removed = asked(api, _ROLE, "GET", f"/api/v1/roles/{part(role)}")
    api.call("DELETE", f"/api/v1/roles/{part(role)}")
    if as_json:
        output.print_json(removed)
    else:
        said(f"The role {role} is no more.")


def _grant(text: str) -> Grant:
    """`resource:action`, then `,attribute=value|value` as often as wanted."""
    permission, *given = text.split(",")
    resource, _, action = permission.partition(":")
    try:
        conditions = tuple(
            Condition(attribute=name, values=tuple(values.split("|")))
            for name, _, values in (one.partition("=") for one in given)
        )
        return Grant(resource=resource, action=action, conditions=conditions)
    except ValueError as error:
        raise BadInput(f"{text} is not a permission with conditions: see `ccb roles set --help`.") from error
