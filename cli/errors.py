"""Errors of the command line: one sentence, an exit code, and with --json the problem as an object."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

BAD_REQUEST = 2
"""Bad input, not found, or refused by the API."""
UNREACHABLE = 1
"""The stack does not answer, or what was asked for failed."""


class CliError(Exception):
    """`message` is one sentence that says what to do; `problem` is what the API answered, where it did."""

    def __init__(self, message: str, *, exit_code: int, code: str, problem: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.problem = problem or {
            "type": f"urn:ccb:error:{code}",
            "title": code.replace("_", " ").capitalize(),
            "detail": message,
            "code": code,
        }


class BadInput(CliError):
    def __init__(self, message: str, *, code: str = "invalid_input") -> None:
        super().__init__(message, exit_code=BAD_REQUEST, code=code)


class Unreachable(CliError):
    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=UNREACHABLE, code="unreachable")


class Refused(CliError):
    """The API understood and refused, or failed: `problem` is its problem+json."""

    def __init__(self, problem: dict[str, Any]) -> None:
        code = str(problem.get("code", "unknown"))
        status = problem.get("status")
        failed = isinstance(status, int) and status >= 500
        super().__init__(
            str(problem.get("detail") or problem.get("title") or "The API refused this without saying why."),
            exit_code=UNREACHABLE if failed else BAD_REQUEST,
            code=code,
            problem=problem,
        )


@contextmanager
def reported(*, as_json: bool) -> Iterator[None]:
    """Ends the command with the error's exit code, having said it once: on stdout with --json, else on stderr."""
    try:
        yield
    except CliError as error:
        if as_json:
            sys.stdout.write(json.dumps(error.problem) + "\n")
        else:
            sys.stderr.write(f"{error.message}\n")
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(130) from error
    except BrokenPipeError as error:
        # Whoever read our output (`| head`) has gone; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from error
