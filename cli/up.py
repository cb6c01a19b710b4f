"""`ccb up`: everything on one machine, until Ctrl-C."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue, ValidationError
from rich.console import Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cli.errors import BadInput, reported
from cli.first import first_account
from cli.options import DEFAULT_DATA_DIR, DataDir, Json
from cli.output import cell, console, plain, print_json, said
from cli.stack import Addresses, PartState, Stack, StackEvent, StackOptions, serve

ADMIN = "admin@localhost"
_REQUIRED = ("CCB_CLAUDE_API_KEY", "CCB_SLACK_TOKEN", "CCB_SLACK_CHANNEL")

_MARKS = {
    PartState.WAITING: ("·", "dim"),
    PartState.READY: ("✓", "green"),
    PartState.DONE: ("✓", "green"),
    PartState.DIED: ("✗", "red"),
    PartState.STOPPING: ("·", "dim"),
    PartState.STOPPED: ("·", "dim"),
}


def up(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    simulate: Annotated[bool | None, typer.Option("--simulate", help="With simulators of the outside systems.")] = None,
    valkey: Annotated[bool | None, typer.Option("--valkey", help="With a Valkey for counters and bus.")] = None,
    s3: Annotated[bool | None, typer.Option("--s3", help="With an S3 server for artifacts.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port of the API; 0 for any.", min=0, max=65535)] = None,
    host: Annotated[str | None, typer.Option("--host", help="Where the API listens; loopback if not told.")] = None,
    encrypt_histories: Annotated[
        bool | None, typer.Option("--encrypt-histories", help="Encrypt what Temporal keeps, from now on.")
    ] = None,
    admin: Annotated[
        str, typer.Option("--admin", metavar="EMAIL", help="The address of the first account, which is made once.")
    ] = ADMIN,
    free_ports: Annotated[bool, typer.Option("--free-ports", help="Any free port for every part.")] = False,
    as_json: Json = False,
) -> None:
    """Start everything on this machine: Temporal, the database, the API, the workers and the runner. Ctrl-C ends it."""
    given: dict[str, JsonValue] = {"simulate": simulate, "valkey": valkey, "s3": s3, "host": host, "api_port": port}
    given["encrypt_histories"] = encrypt_histories
    with reported(as_json=as_json):
        options = _options(data_dir, {name: value for name, value in given.items() if value is not None}, free_ports)
        _configured(options)
        if console.is_terminal and not as_json:
            _on_a_terminal(options, admin)
        else:
            _in_lines(options, admin, as_json=as_json)


def _options(data_dir: Path, given: dict[str, JsonValue], free_ports: bool) -> StackOptions:
    ports = {name: 0 for name in StackOptions.model_fields if name.endswith("_port")} if free_ports else {}
    try:
        return StackOptions.model_validate({"data_dir": data_dir, **ports, **given})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{place}: {first['msg']}.") from error


def _configured(options: StackOptions) -> None:
    """Raises BadInput at once for what the workers would miss after half a minute of starting."""
    missing = [name for name in _REQUIRED if not os.environ.get(name)]
    if missing and not options.simulate:
        raise BadInput(
            f"Set {', '.join(missing)} (docs/settings.md says what they are), or try it without any account: "
            "`ccb up --simulate`."
        )


def _on_a_terminal(options: StackOptions, admin: str) -> None:
    board = Board(admin)
    with Live(get_renderable=board.rendered, console=console, refresh_per_second=8):
        asyncio.run(serve(Stack(options, on_event=board.heard), on_ready=board.ready))


def _in_lines(options: StackOptions, admin: str, *, as_json: bool) -> None:
    def heard(event: StackEvent) -> None:
        if not as_json:
            detail = f": {event.detail}" if event.detail else ""
            said(f"{event.seconds:6.2f} s {event.part} {event.state}{detail}")

    def ready(addresses: Addresses) -> None:
        if as_json:
            print_json(addresses)
            return
        for name, value in [*where(addresses), *_once(addresses, admin)]:
            said(f"{name}: {value}")

    asyncio.run(serve(Stack(options, on_event=heard), on_ready=ready))


def where(addresses: Addresses) -> list[tuple[str, str]]:
    """Where to look."""
    found = [
        ("API", addresses.api_docs_url),
        ("Temporal", addresses.temporal_ui_url),
        ("integrations", addresses.runner_url),
        ("simulators", addresses.simulators_url),
        ("key", str(addresses.data_dir / "operator.key")),
        ("mail", str(addresses.mail_dir) if addresses.mail_dir else None),
        ("logs", str(addresses.data_dir / "logs")),
    ]
    return [(name, value) for name, value in found if value]


def _once(addresses: Addresses, admin: str) -> list[tuple[str, str]]:
    """What is shown at the very first start. Programs, which ask with --json, log in by the operator's key."""
    made = first_account(addresses, admin)
    return [("first account", f"{made.email}, password {made.password} (shown this once)")] if made else []


class Board:
    """The parts as they come up, and then where to look."""

    def __init__(self, admin: str) -> None:
        self._admin = admin
        self._events: dict[str, StackEvent] = {}
        self._spinner = Spinner("dots", style="cyan")
        self._where: list[tuple[str, str]] = []

    def heard(self, event: StackEvent) -> None:
        self._events[event.part] = event
        if event.state is PartState.STOPPING:
            self._where = []

    def ready(self, addresses: Addresses) -> None:
        self._where = [*where(addresses), *_once(addresses, self._admin)]

    def rendered(self) -> RenderableType:
        table = Table(box=None, show_header=False, pad_edge=False)
        for event in self._events.values():
            mark: RenderableType = self._spinner
            if event.state in _MARKS:
                sign, style = _MARKS[event.state]
                mark = Text(sign, style=style)
            settled = event.state in {PartState.READY, PartState.DONE}
            took = f"{event.seconds:.2f} s" if settled else event.state
            again = f"restarted {event.restarts} times" if event.restarts else ""
            about = plain(event.detail) or again
            table.add_row(mark, event.part, Text(took, style="dim"), cell(event.url), Text(about, style="yellow"))
        if not self._where:
            return table
        places = Table(box=None, show_header=False, pad_edge=False)
        for name, value in self._where:
            places.add_row(Text(name, style="bold"), cell(value))
        return Group(table, Text(), places, Text(), Text("Everything is up. Ctrl-C ends it.", style="green"))
