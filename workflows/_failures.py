"""Failures in workflows: what people are told of them, and ours made into Temporal's."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    is_cancelled_exception,
)
from temporalio.exceptions import TimeoutError as TimedOut

from domain.errors import CcbError, ErrorData
from domain.failures import from_failure, to_failure


def describe(error: BaseException) -> ErrorData:
    """The error at the bottom of a failure, as data."""
    cause: BaseException = error
    while isinstance(cause, ActivityError | ChildWorkflowError) and cause.cause is not None:
        cause = cause.cause
    if isinstance(cause, ApplicationError):
        known = from_failure(cause).data()
        return known.model_copy(update={"code": cause.type or known.code})
    if isinstance(cause, TimedOut):
        step = error.activity_type if isinstance(error, ActivityError) else "a step"
        return ErrorData(code="timed_out", message=f"{step} did not end within its time.")
    if is_cancelled_exception(error) or isinstance(cause, CancelledError):
        return ErrorData(code="cancelled", message="The run was cancelled.")
    return ErrorData(code="internal", message=str(cause))


@contextmanager
def refusing() -> Iterator[None]:
    """Our rules' errors, raised in a workflow or in an update's validator, as failures."""
    try:
        yield
    except CcbError as error:
        raise to_failure(error) from error
