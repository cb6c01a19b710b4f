"""Why a stack did not come up: one sentence that says what to do."""

from cli.errors import BAD_REQUEST, UNREACHABLE, CliError


class StackError(CliError):
    """A part did not start, or ended while starting."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=UNREACHABLE, code="stack_failed")


class StackRefused(StackError):
    """The stack was not started: somebody has to change something first."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.exit_code = BAD_REQUEST
        self.problem = {**self.problem, "type": "urn:ccb:error:stack_refused", "code": "stack_refused"}
