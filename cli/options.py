"""Options that every command shares, and where they lead."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from cli.errors import BadInput, Unreachable

ApiUrl = Annotated[str | None, typer.Option("--api-url", envvar="CCB_API_URL", help="Where the API is.")]
KeyFile = Annotated[Path | None, typer.Option("--key-file", help="File that holds the API key.")]
DataDir = Annotated[Path, typer.Option("--data-dir", envvar="CCB_DATA_DIR", help="Data directory of `ccb up`.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
NameOrId = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the integration.", show_default=False)]
Organization = Annotated[
    str | None,
    typer.Option("--organization", envvar="CCB_ORGANIZATION", help="In which organisation to act: its name or id."),
]
ApiKey = Annotated[str | None, typer.Option("--key", envvar="CCB_API_KEY", hidden=True)]

DEFAULT_DATA_DIR = Path(".ccb")


def api_url(given: str | None, data_dir: Path) -> str:
    """The URL given, else that of the stack in `data_dir`. Raises Unreachable if no stack was started there."""
    if given:
        if not given.startswith(("http://", "https://")):
            raise BadInput(f"The API's URL must begin with http:// or https://, and {given} does not.")
        return given.rstrip("/")
    file = data_dir / "stack.json"
    try:
        stack: Any = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise Unreachable(f"No stack was started in {data_dir}: run `ccb up`, or give --api-url.") from error
    except (OSError, ValueError) as error:
        raise Unreachable(f"{file} cannot be read ({error}): run `ccb up` again, or give --api-url.") from error
    url = stack.get("api_url") if isinstance(stack, dict) else None
    if not isinstance(url, str):
        raise Unreachable(f"{file} does not say where the API is: run `ccb up` again, or give --api-url.")
    return url.rstrip("/")


def api_key(key: str | None, key_file: Path | None, data_dir: Path) -> SecretStr:
    """The key in `key_file`, else the one from the environment, else the operator's in `data_dir`."""
    if key_file is None and key:
        return SecretStr(key.strip())
    file = key_file or data_dir / "operator.key"
    try:
        found = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"There is no API key: {file} cannot be read. Log in with `ccb login`, "
            "or give --key-file or CCB_API_KEY, or --data-dir of the stack.",
            code="no_key",
        ) from error
    if not found.isascii() or not found.isprintable() or not found:
        raise BadInput(f"{file} does not hold an API key.", code="no_key")
    return SecretStr(found)
