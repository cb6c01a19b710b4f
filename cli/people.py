"""Commands about people: add, list, role, names, remove, key."""

from typing import Annotated

import typer
from pydantic import JsonValue, TypeAdapter

from cli import output
from cli.asking import asked, part, person_named
from cli.client import Api
from cli.connection import connected
from cli.keys import ISSUED
from cli.options import Json
from cli.output import cell, said
from domain.people import Person, Role

people = typer.Typer(name="people", help="Who may ask and who may review.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(help="Their name or id.")]
_PERSON = TypeAdapter(Person)


@people.command("add")
@connected
def add(
    api: Api,
    name: Annotated[str, typer.Argument(help="Their name here.")],
    role: Annotated[str, typer.Option("--role", help="What they may do: see `ccb roles list`.")] = Role.DEVELOPER,
    github: Annotated[str | None, typer.Option("--github", help="Their login on GitHub.")] = None,
    slack: Annotated[str | None, typer.Option("--slack", help="Their user id in Slack.")] = None,
    linear: Annotated[str | None, typer.Option("--linear", help="Their user id or email address in Linear.")] = None,
    jira: Annotated[str | None, typer.Option("--jira", help="Their account id in Jira.")] = None,
    email: Annotated[str | None, typer.Option("--email")] = None,
    service: Annotated[bool, typer.Option("--service", help="A machine, which never counts as a reviewer.")] = False,
    as_json: Json = False,
) -> None:
    """Make someone known, with their names in the outside systems."""
    body: dict[str, JsonValue] = {"name": name, "role": role, "kind": "service" if service else "person"}
    names = {"github": github, "slack": slack, "linear": linear, "jira": jira, "email": email}
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
    output.show(table)


@people.command("role")
@connected
def change_role(
    api: Api,
    name: Named,
    role: Annotated[str, typer.Argument(help="What they may do from now on: see `ccb roles list`.")],
    as_json: Json = False,
) -> None:
    """Give someone another role in the organisation acted in."""
    path = f"/api/v1/people/{part(person_named(api, name).id)}"
    person = asked(api, _PERSON, "PATCH", path, {"role": role})
    if as_json:
        output.print_json(person)
    else:
        said(f"{person.name} is {person.role}.")


@people.command("names")
@connected
def names(
    api: Api,
    name: Named,
    github: Annotated[str | None, typer.Option("--github", help="Their login on GitHub.")] = None,
    slack: Annotated[str | None, typer.Option("--slack", help="Their user id in Slack.")] = None,
    linear: Annotated[str | None, typer.Option("--linear", help="Their user id or email address in Linear.")] = None,
    jira: Annotated[str | None, typer.Option("--jira", help="Their account id in Jira.")] = None,
    as_json: Json = False,
) -> None:
    """Say what someone is called in the outside systems; an empty name takes one away."""
    given = {"github": github, "slack": slack, "linear": linear, "jira": jira}
    body: dict[str, JsonValue] = {system: its or None for system, its in given.items() if its is not None}
    person = asked(api, _PERSON, "PATCH", f"/api/v1/people/{part(person_named(api, name).id)}", body)
    if as_json:
        output.print_json(person)
    else:
        said(f"{person.name} is known by {', '.join(body) or 'the same names as before'}.")


@people.command("remove")
@connected
def remove(api: Api, name: Named, as_json: Json = False) -> None:
    """End someone's membership in the organisation acted in."""
    person = person_named(api, name)
    api.call("DELETE", f"/api/v1/people/{part(person.id)}")
    if as_json:
        output.print_json(person)
    else:
        said(f"{person.name} is no member any more.")


@people.command("key")
@connected
def issue_key(
    api: Api,
    name: Named,
    label: Annotated[str, typer.Option("--label", help="What the key is for.")] = "cli",
    as_json: Json = False,
) -> None:
    """Make an API key for someone, good in this organisation. It is shown this once."""
    path = f"/api/v1/people/{part(person_named(api, name).id)}/keys"
    issued = asked(api, ISSUED, "POST", path, {"label": label})
    if as_json:
        output.print_json(issued)
    else:
        typer.echo(issued.key)
