"""Commands about people: add, list, key."""

from typing import Annotated

import typer
from pydantic import JsonValue

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.errors import BadInput
from cli.options import Json
from cli.output import cell, said
from domain.people import Role

people = typer.Typer(name="people", help="Who may ask and who may review.", no_args_is_help=True)


@people.command("add")
@connected
def add(
    api: Api,
    name: Annotated[str, typer.Argument(help="Their name here.")],
    role: Annotated[Role, typer.Option("--role", help="What they may do.")] = Role.DEVELOPER,
    github: Annotated[str | None, typer.Option("--github", help="Their login on GitHub.")] = None,
    slack: Annotated[str | None, typer.Option("--slack", help="Their user id in Slack.")] = None,
    email: Annotated[str | None, typer.Option("--email")] = None,
    service: Annotated[bool, typer.Option("--service", help="A machine, which never counts as a reviewer.")] = False,
    as_json: Json = False,
) -> None:
    """Make someone known, with their names in the outside systems."""
    body: dict[str, JsonValue] = {"name": name, "role": role, "kind": "service" if service else "person"}
    names = {"github": github, "slack": slack, "email": email}
    body |= {field: value for field, value in names.items() if value is not None}
    person = api.add_person(body)
    if as_json:
        output.print_json(person)
    else:
        said(f"Added {person.name} ({person.id}) as {person.role}. A key for them: ccb people key {person.name}")


@people.command("list")
@connected
def list_people(
    api: Api,
    as_json: Json = False,
) -> None:
    """List everyone who is known."""
    found = api.people()
    if as_json:
        output.print_json(found)
        return
    table = output.table("NAME", "ROLE", "KIND", "GITHUB", "SLACK", "ID")
    for one in found:
        table.add_row(*(cell(value) for value in (one.name, one.role, one.kind, one.github, one.slack, one.id)))
    output.console.print(table)


@people.command("key")
@connected
def issue_key(
    api: Api,
    name: Annotated[str, typer.Argument(help="Their name or id.")],
    label: Annotated[str, typer.Option("--label", help="What the key is for.")] = "cli",
    as_json: Json = False,
) -> None:
    """Make an API key for someone. It is shown this once."""
    person = next((one for one in api.people() if name in {one.id, one.name}), None)
    if person is None:
        raise BadInput(f"Nobody here is called {name}; `ccb people list` shows everyone.", code="not_found")
    issued = api.issue_key(person.id, label=label)
    if as_json:
        output.print_json(issued)
    else:
        typer.echo(issued.key)
