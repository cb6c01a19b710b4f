"""Following a run until it ends: live on a terminal, plain lines elsewhere."""

import sys
import time

from rich.live import Live
from rich.spinner import Spinner

from cli.client import Api, Run
from cli.errors import UNREACHABLE, CliError, Unreachable
from cli.output import console, said
from cli.view import facts, line, rendered

_EVERY = 0.5
_PATIENCE = 60.0
"""Seconds that the API may be away (a restart, say) before watching gives up."""


def follow(api: Api, name: str, *, quiet: bool = False) -> Run:
    """Watch until the run is over. Ctrl-C ends the watching, never the run. `quiet` prints nothing."""
    try:
        if quiet:
            return _silent(api, name)
        return _live(api, name) if console.is_terminal else _lines(api, name)
    except KeyboardInterrupt:
        sys.stderr.write(f"No longer watching; the run goes on. `ccb status {name} --watch` watches again.\n")
        raise


def exit_code(run: Run) -> int:
    return UNREACHABLE if run.status.failure else 0


def _silent(api: Api, name: str) -> Run:
    while True:
        run = _patiently(api, name)
        if run.status.stage.terminal:
            return run
        time.sleep(_EVERY)


def _live(api: Api, name: str) -> Run:
    spinner = Spinner("dots", style="cyan")
    run = _patiently(api, name)
    with Live(rendered(run, spinner), console=console, refresh_per_second=10) as live:
        while not run.status.stage.terminal:
            time.sleep(_EVERY)
            run = _patiently(api, name)
            live.update(rendered(run, spinner))
    return run


def _lines(api: Api, name: str) -> Run:
    before = ""
    while True:
        run = _patiently(api, name)
        now = line(run.status)
        if now != before:
            said(now)
            before = now
        if run.status.stage.terminal:
            for about, value in facts(run):
                said(f"{about}: {value}")
            return run
        time.sleep(_EVERY)


def _patiently(api: Api, name: str) -> Run:
    """The run; a stack that restarts meanwhile is waited for."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return api.run(name)
        except CliError as error:
            if not _passing(error) or time.monotonic() > deadline:
                raise
            time.sleep(_EVERY)


def _passing(error: CliError) -> bool:
    status = error.problem.get("status")
    return isinstance(error, Unreachable) or (isinstance(status, int) and status == 503)
