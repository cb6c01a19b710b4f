"""What people see. Text from outside is data here too: no markup, no control characters."""

import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, TypeAdapter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.lifecycle import Stage

# C0 and C1 controls but for tab: with them a log line could rewrite the screen or the terminal's settings.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_ANY: TypeAdapter[object] = TypeAdapter(object)

STYLES = {Stage.ACTIVE: "green", Stage.FAILED: "red", Stage.REVIEWING: "yellow", Stage.RETIRED: "dim"}

# Whoever reads a pipe wants each row on one line; a terminal has its own width, and COLUMNS wins over both.
_PIPED = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 500

console = Console(highlight=False, soft_wrap=False, width=_PIPED)


def plain(text: str) -> str:
    """`text` on one line, without control characters."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\n", " ↵ "))


def flowing(text: str) -> str:
    """`text` over several lines, without other control characters."""
    return "\n".join(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", row) for row in text.replace("\r\n", "\n").split("\n"))


def cell(text: object, style: str = "") -> Text:
    return Text("" if text is None else plain(str(text)), style=style)


def print_json(value: BaseModel | Sequence[BaseModel]) -> None:
    """One object, or one list, on one line."""
    sys.stdout.write(_ANY.dump_json(value).decode() + "\n")
    sys.stdout.flush()


def table(*columns: str) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def show(made: Table) -> None:
    """The table, or that there is nothing in it."""
    if made.row_count:
        console.print(made)
    else:
        said("None.", style="dim")


def said(text: str, style: str = "") -> None:
    """A line of prose; long ones are left to the terminal, so that they can be copied."""
    console.print(Text(plain(text), style=style), soft_wrap=True)


def stage(value: Stage) -> Text:
    return Text(value, style=STYLES.get(value, "cyan"))


def seconds(value: float) -> str:
    """`4.2 s`, `3 min 05 s`, `2 h 07 min`, `3 d 04 h`."""
    if value < 60:
        return f"{value:.1f} s"
    whole = int(value)
    for size, unit, small_size, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small_size:02d} {small}"
    return f"{whole} s"


def ago(at: datetime) -> str:
    return f"{seconds(max(0.0, (datetime.now(UTC) - at).total_seconds()))} ago"
