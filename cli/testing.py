"""Commands about tests of a version that is there already: test, tests."""

import sys
import time
from typing import Annotated

import typer

from cli import output
from cli.client import Api
from cli.connection import connected
from cli.errors import UNREACHABLE
from cli.options import Json, NameOrId
from cli.output import cell, said
from domain.testing import CaseOutcome, Comparison, Outcome, TestRun, TestRunDetail

_EVERY = 0.5
"""Seconds between two looks at a run that is waited for."""
_STYLES = {Outcome.PASSED: "green", Outcome.FLAKY: "yellow", Outcome.FAILED: "red", Outcome.ERROR: "red"}


@connected
def run_tests(
    api: Api,
    name: NameOrId,
    version: Annotated[
        str | None, typer.Option("--version", help="Which version; usually the one that serves.")
    ] = None,
    wait: Annotated[
        bool | None,
        typer.Option("--wait/--no-wait", help="Wait for what comes of it; usual on a terminal.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run checks, unit tests and contract tests of a version. Ends with 1 if something failed, or was flaky."""
    begun = api.start_test(name, version)
    if wait is None:
        wait = sys.stdout.isatty() and not as_json
    if not wait:
        if as_json:
            output.print_json(begun)
        else:
            said(f"Started {begun.id}. See what came of it: ccb tests {name}")
        return
    ended = _ended(api, name, begun)
    if as_json:
        output.print_json(ended)
    else:
        _tell(ended)
    raise typer.Exit(0 if ended.outcome is Outcome.PASSED else UNREACHABLE)


@connected
def list_tests(
    api: Api,
    name: NameOrId,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="At most so many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List the test runs of an integration, newest first."""
    found = api.tests(name, limit=limit)
    if as_json:
        output.print_json(found)
        return
    if not found:
        said(f"{name} has not been tested since it was built: ccb test {name}")
        return
    table = output.table("RUN", "VERSION", "TRIGGER", "STARTED", "OUTCOME", "PASSED", "FLAKY", "FAILED", "CONTRACTS")
    for run in found:
        numbers = (run.counts.passed, run.counts.flaky, run.counts.failed)
        contracts = f"{run.contracts.passed} of {run.contracts.passed + run.contracts.flaky + run.contracts.failed}"
        table.add_row(
            cell(run.id),
            cell(run.version),
            cell(run.trigger),
            cell(output.ago(run.started_at), "dim"),
            cell(run.outcome or "under way", _STYLES[run.outcome] if run.outcome else "cyan"),
            *(cell(number) for number in numbers),
            cell(contracts),
        )
    output.show(table)


def _ended(api: Api, name: str, begun: TestRun) -> TestRunDetail:
    try:
        while (run := api.test(name, begun.id)).ended_at is None:
            time.sleep(_EVERY)
    except KeyboardInterrupt:
        sys.stderr.write(f"\nNo longer waiting; the tests go on. `ccb tests {name}` shows what came of them.\n")
        raise
    return run


def _tell(run: TestRunDetail) -> None:
    said(run.description, _STYLES[run.outcome] if run.outcome else "")
    for case in run.unsteady:
        style = "yellow" if case.outcome is CaseOutcome.FLAKY else "red"
        said(f"  {case.outcome}: {case.name}", style)
        if case.message.strip():
            said(f"    {case.message.strip().splitlines()[-1]}", "dim")
    for finding in run.blocking:
        said(f"  blocks: {finding.line_of_text()}", "red")
    if run.comparison is not None:
        _compare(run.comparison)
    if run.untold:
        said(f"The commit status could not be set: {run.untold}", "yellow")


def _compare(found: Comparison) -> None:
    told = {
        "newly failing": found.newly_failing,
        "newly passing": found.newly_passing,
        "newly flaky": found.newly_flaky,
        "new findings": [finding.line_of_text() for finding in found.new_findings],
    }
    for what, names in told.items():
        if names:
            said(f"Since the last run {what}: {', '.join(names)}")
