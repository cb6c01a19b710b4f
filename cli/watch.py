"""Following a run as it happens: its stages, what Claude says, which tools it calls and what they answer, its cost."""

import contextlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import output, stream, view
from cli.client import Api, Run
from cli.connection import connected
from cli.errors import UNREACHABLE, CliError
from cli.options import Json, NameOrId
from cli.stream import SETTLED, Happening
from domain.lifecycle import Stage
from domain.runs import cents

_EVERY = 0.2
_PATIENCE = 20.0
"""Seconds that a run may take to say of itself what is recorded of it already."""

FromStart = Annotated[
    bool, typer.Option("--from-start", help="All that is kept of what Claude said, not from the turn under way on.")
]


@connected
def watch(
    api: Api,
    name: NameOrId,
    from_start: FromStart = False,
    as_json: Json = False,
) -> None:
    """Show what happens in a run while it happens, until it is over. Ends with 1 if it failed."""
    with _leaving(name):
        if not as_json:
            raise typer.Exit(exit_code(follow(api, name, from_start=from_start)))
        for one in stream.happenings(api, name, from_start=from_start):
            sys.stdout.write(json.dumps({"event": one.event, "id": one.id, "data": one.data}) + "\n")
            sys.stdout.flush()
            if one.event == SETTLED:
                raise typer.Exit(UNREACHABLE if one.data.get("stage") == Stage.FAILED else 0)


def follow(api: Api, name: str, *, from_start: bool = False, quiet: bool = False) -> Run:
    """Watch until the run is over. Ctrl-C ends the watching, never the run. `quiet` prints nothing."""
    screen = Screen()
    with _leaving(name):
        for one in stream.happenings(api, name, from_start=from_start):
            if not quiet:
                screen.show(one)
    run = _settled(api, name)
    if not quiet:
        output.said(view.line(run.status))
        for about, value in view.facts(run):
            output.said(f"{about}: {value}")
    return run


def exit_code(run: Run) -> int:
    return UNREACHABLE if run.status.failure else 0


@contextlib.contextmanager
def _leaving(name: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(f"\nNo longer watching; the run goes on. `ccb watch {name}` watches again.\n")
        raise


def _settled(api: Api, name: str) -> Run:
    """The run that is over. What is recorded is ahead of what the run says of itself, by a moment."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            run = api.run(name)
        except CliError as error:
            if not stream.passing(error) or time.monotonic() > deadline:
                raise
        else:
            if run.status.stage.terminal or time.monotonic() > deadline:
                return run
        time.sleep(_EVERY)


class Screen:
    """Prints happenings: text as it flows, everything else on lines of its own."""

    def __init__(self) -> None:
        self._within_line = False
        self._calling: Call | None = None
        self._turn = 0

    def show(self, one: Happening) -> None:
        shown = self._showing.get(one.event)
        if self._calling is not None and not (one.event == "tool" and one.data.get("text")):
            self._called(self._calling.told())
        if shown is not None:
            shown(self, one.data)

    def _stage(self, data: dict[str, Any]) -> None:
        about = data.get("data", {}).get("metadata", {})
        at = datetime.fromisoformat(data["time"]).astimezone().strftime("%H:%M:%S")
        name = f"  {about['name']}" if about.get("name") else ""
        stage = str(about.get("stage", ""))
        self._line(f"{at} {stage}{name}", output.STYLES.get(Stage(stage), "cyan") if stage in list(Stage) else "")

    def _turn_begins(self, data: dict[str, Any]) -> None:
        again = data["turn"] == self._turn
        self._turn = data["turn"]
        self._line(f"turn {self._turn}" + (", again: what was said in it before is void" if again else ""), "bold")

    def _text(self, data: dict[str, Any]) -> None:
        text = output.flowing(data.get("text", ""))
        output.console.print(Text(text), end="", soft_wrap=True)
        self._within_line = not text.endswith("\n") if text else self._within_line

    def _tool(self, data: dict[str, Any]) -> None:
        if not data.get("text"):
            self._calling = Call(data.get("name", ""))
        elif self._calling is not None and self._calling.heard(data["text"]):
            self._called(self._calling.told())

    def _called(self, told: str) -> None:
        self._calling = None
        self._line(f"→ {told}", "cyan")

    def _result(self, data: dict[str, Any]) -> None:
        failed = data.get("is_error", False)
        first = data.get("text", "").strip().split("\n")[0][:100]
        self._line(f"{'✗' if failed else '✓'} {data.get('name', '')}: {first}", "red" if failed else "green")

    def _end(self, data: dict[str, Any]) -> None:
        usage, spent = data.get("usage") or {}, data.get("spent") or {}
        cached = usage.get("cache_read_input_tokens", 0)
        took = usage.get("input_tokens", 0) + usage.get("cache_creation_input_tokens", 0) + cached
        words = f"{took} tokens read, {cached} of them from cache; {usage.get('output_tokens', 0)} written"
        words += f"; {cents(Decimal(data['usd']))}" if data.get("usd") is not None else ""
        words += f", {cents(Decimal(spent['usd']))} so far" if "usd" in spent else ""
        self._line(words, "dim")

    def _review(self, data: dict[str, Any]) -> None:
        about = data.get("data", {}).get("metadata", {})
        self._line(f"review by {about.get('actor', '')}: {about.get('decision', '')}", "yellow")

    def _version(self, data: dict[str, Any]) -> None:
        self._line(f"version {data.get('data', {}).get('metadata', {}).get('version', '')}", "cyan")

    def _step(self, data: dict[str, Any]) -> None:
        self._line(f"… {data['step']}", "dim")

    def _waiting(self, data: dict[str, Any]) -> None:
        waiting = data.get("waiting")
        self._line(f"waits for {waiting['what']}" if waiting else "waits no more", "yellow")

    def _settled(self, _data: dict[str, Any]) -> None:
        self._line("")

    def _line(self, text: str, style: str = "") -> None:
        if self._within_line:
            output.console.print()
            self._within_line = False
        if text:
            output.said(text, style)

    _showing: dict[str, Callable[["Screen", dict[str, Any]], None]] = {
        "stage": _stage,
        "turn": _turn_begins,
        "text": _text,
        "tool": _tool,
        "result": _result,
        "end": _end,
        "review": _review,
        "version": _version,
        "step": _step,
        "waiting": _waiting,
        SETTLED: _settled,
    }


class Call:
    """A tool call as its input comes: told once it is known what it is about, or when it is over."""

    # What the tools are about, in this order: a file, what is looked for, a schema or a plan.
    _ABOUT = re.compile(r'"(path|query|text|name)"\s*:\s*("(?:[^"\\]|\\.)*")')

    def __init__(self, name: str) -> None:
        self._name = name
        self._input = ""

    def heard(self, piece: str) -> bool:
        """Take a piece; whether it is known now what the call is about."""
        self._input = (self._input + piece)[:2_000]
        return self._about() is not None

    def told(self) -> str:
        return f"{self._name} {self._about() or ''}".rstrip()

    def _about(self) -> str | None:
        found = self._ABOUT.search(self._input)
        try:
            return str(json.loads(found[2]))[:200] if found else None
        except ValueError:
            return None
