"""How a run looks: stages with ticks, the step, what it waits for, cost, and what came of it."""

from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cli.client import Run
from cli.output import ago, cell, plain, seconds
from domain.lifecycle import Stage
from domain.runs import RunStatus, cents

STAGES = (
    Stage.REQUESTED,
    Stage.ANALYZING,
    Stage.GENERATING,
    Stage.TESTING,
    Stage.REVIEWING,
    Stage.DEPLOYING,
    Stage.ACTIVE,
)


def rendered(run: Run, spinner: Spinner | None = None) -> RenderableType:
    """The whole view. With a `spinner`, the stage under way turns."""
    status = run.status
    parts: list[RenderableType] = [_title(status), _stages(status, spinner)]
    if not status.stage.terminal:
        bar = Table.grid()  # a bar by itself does not end its line
        bar.add_row(ProgressBar(total=1.0, completed=status.progress, width=48))
        parts.append(bar)
    parts.append(_facts(run))
    return Group(*parts)


def _title(status: RunStatus) -> Text:
    name = status.name or status.integration_id
    return Text.assemble((name, "bold"), f" {status.version}  ", (status.step if not status.stage.terminal else "", ""))


def _stages(status: RunStatus, spinner: Spinner | None) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    times = {one.name: one.seconds for one in status.stages}
    failed_in = status.failure.stage if status.failure else None
    for stage in STAGES:
        mark: RenderableType
        if stage is failed_in:
            mark = Text("✗", style="red")
        elif stage is status.stage and stage is not Stage.ACTIVE:
            mark = spinner or Text("●", style="cyan")
        elif stage in times or stage is status.stage:
            mark = Text("✓", style="green")
        else:
            mark = Text("·", style="dim")
        took = seconds(times[stage]) if stage in times and stage is not Stage.ACTIVE else ""
        table.add_row(
            mark, Text(stage, style="" if stage in times else "dim"), Text(took, style="dim", justify="right")
        )
    return table


def _facts(run: Run) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts(run):
        table.add_row(name, cell(value))
    return table


def facts(run: Run) -> list[tuple[str, str]]:
    """What is worth knowing now, in order, in words."""
    status = run.status
    found: list[tuple[str, str | None]] = [
        ("waits for", _waiting(status)),
        ("pauses", _pausing(status)),
        ("failed", status.failure.error.message if status.failure else None),
        ("undone", _undone(status)),
        ("tests", f"{status.tests.passed} passed, {status.tests.failed} failed" if status.tests else None),
        ("pull request", status.pull_request.url if status.pull_request else None),
        ("content", status.content_hash if status.stage is Stage.REVIEWING else None),
        ("url", status.url),
        ("temporal", run.temporal_url),
    ]
    if run.source == "database":
        found.append(("note", "no worker answers for this run; this is what the database knows"))
    else:
        cost = f"{cents(status.spent.usd)} of {cents(status.budget.usd)}, {status.spent.turns} turns"
        found.insert(0, ("cost", cost))
    return [(name, value) for name, value in found if value]


def _waiting(status: RunStatus) -> str | None:
    if status.waiting is None:
        return None
    until = status.waiting.until
    left = f", at most {seconds(max(0.0, (until - datetime.now(UTC)).total_seconds()))} more" if until else ""
    return f"{status.waiting.what} (since {ago(status.waiting.since)}{left})"


def _pausing(status: RunStatus) -> str | None:
    """A pause that was asked for while a step is under way; one that holds is what the run waits for."""
    if status.paused is None or status.paused.holds:
        return None
    return f"after this step: {status.paused.by.name} asked for it ({status.paused.reason})"


def _undone(status: RunStatus) -> str | None:
    if status.failure is None:
        return None
    steps = [one.step if one.ok else f"NOT {one.step} ({one.error})" for one in status.failure.undone]
    return ", ".join(steps) or "nothing had to be"


def line(status: RunStatus) -> str:
    """The run in one plain line, for logs and pipes."""
    waits = f", waits for {status.waiting.what}" if status.waiting else ""
    step = f": {status.step}" if not status.stage.terminal else ""
    return plain(f"{status.name or status.integration_id} {status.stage}{step}{waits}")
