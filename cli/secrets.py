"""Commands about the secrets of an integration: set, list. A value is never an argument: others could see it there."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr, TypeAdapter, ValidationError
from rich.text import Text

from cli import output
from cli.client import Api, Secret
from cli.connection import connected
from cli.errors import BadInput
from cli.options import Json, NameOrId
from cli.output import cell, said
from domain.base import Data
from domain.plan import EnvironmentName

secrets = typer.Typer(
    name="secrets", help="What an integration needs to know and nobody else may.", no_args_is_help=True
)

_LARGEST = 65_536


class Reencrypted(Data):
    """As the API answers it."""

    renewed: int
    values: int


_NAME: TypeAdapter[str] = TypeAdapter(EnvironmentName)


@secrets.command("set")
@connected
def set_secret(
    api: Api,
    name: NameOrId,
    secret: Annotated[str, typer.Argument(metavar="KEY", help="The secret's name, such as API_TOKEN.")],
    value_file: Annotated[
        Path | None,
        typer.Option(
            "--value-file",
            help="File with the value, or - for standard input; line breaks at its end are left out.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Set a secret of an integration, or replace it. A run that waits for it goes on."""
    _check_name(secret)
    value = _value(secret, value_file)
    api.set_secret(name, secret, value)
    now = api.secrets(name)
    if as_json:
        output.print_json(now)
    else:
        said(f"{secret} of {name} is set.")
        if missing := [one.name for one in now if one.required and not one.is_set]:
            said(f"Still missing: {', '.join(missing)}")


@secrets.command("reencrypt")
@connected
def reencrypt(api: Api, as_json: Json = False) -> None:
    """Encrypt with the newest key what former keys encrypted; then they can be taken out of CCB_SECRETS_KEY."""
    done = api.ask(Reencrypted, "/api/v1/secrets/reencryption", method="POST")
    if as_json:
        output.print_json(done)
    else:
        said(f"{done.renewed} of {done.values} values were under a former key, and are under the newest now.")


@secrets.command("list")
@connected
def list_secrets(
    api: Api,
    name: NameOrId,
    as_json: Json = False,
) -> None:
    """List the secrets that an integration wants, and which are set. Values are never shown."""
    found = api.secrets(name)
    if as_json:
        output.print_json(found)
        return
    if not found:
        said(f"{name} wants no secrets, or has no plan yet.")
        return
    table = output.table("KEY", "SET", "REQUIRED", "WHAT IT IS")
    for one in found:
        table.add_row(cell(one.name), _is_set(one), cell(_REQUIRED[one.required]), cell(one.description))
    output.show(table)


_REQUIRED = {True: "yes", False: "no", None: "not in the plan"}


def _is_set(one: Secret) -> Text:
    return cell("yes", "green") if one.is_set else cell("no", "red" if one.required else "")


def _check_name(secret: str) -> None:
    try:
        _NAME.validate_python(secret)
    except ValidationError as error:
        # Not repeated: somebody may have typed the value here.
        raise BadInput(
            "KEY is the secret's name: capital letters, digits and underscores, such as API_TOKEN. "
            "`ccb secrets list NAME` shows those that are wanted."
        ) from error


def _value(secret: str, file: Path | None) -> SecretStr:
    """The value, from the file or from whoever sits at the terminal. Raises BadInput."""
    if file is None:
        if not sys.stdin.isatty():
            raise BadInput(f"There is no terminal to ask at: give the value of {secret} by --value-file FILE, or -.")
        try:
            text = getpass.getpass(f"{secret}: ")
        except EOFError:
            text = ""
    else:
        text = _read(file)
    if not text:
        raise BadInput(f"The value of {secret} is empty.")
    return SecretStr(text)


def _read(file: Path) -> str:
    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(_LARGEST + 3)
        else:
            with file.open("rb") as opened:
                data = opened.read(_LARGEST + 3)
        text = data.decode()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        # Without its cause, which quotes the bytes.
        raise BadInput(f"What is in {file} is not text in UTF-8.") from None
    text = text.rstrip("\r\n")
    if len(text.encode()) > _LARGEST:
        raise BadInput(f"The value in {file} is longer than the {_LARGEST // 1024} KB that a secret may have.")
    return text
