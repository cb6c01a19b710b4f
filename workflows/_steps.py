"""Taking a step: an activity under a policy, with a summary for the Temporal Web UI."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from workflows import policies
from workflows._pausing import boundary

Owner = TypeVar("Owner")
Command = TypeVar("Command")
Result = TypeVar("Result")


async def step(
    activity: Callable[[Owner, Command], Awaitable[Result]], cmd: Command, policy: ActivityConfig, summary: str
) -> Result:
    """Do one thing outside, unless the run is paused: then once it is resumed."""
    await boundary()
    return await at_once(activity, cmd, policy, summary)


async def at_once(
    activity: Callable[[Owner, Command], Awaitable[Result]], cmd: Command, policy: ActivityConfig, summary: str
) -> Result:
    """The same whether the run is paused or not: for telling people, and for watching over what is live."""
    result: Result = await workflow.execute_activity_method(activity, cmd, **(policy | {"summary": summary}))
    return result


async def record(
    activity: Callable[[Owner, Command], Awaitable[Result]],
    cmd: Command,
    policy: LocalActivityConfig = policies.RECORD,
) -> Result:
    """Do one quick, repeatable thing of our own, in the worker at hand."""
    options: Any = {"summary": _summary(activity)} | policy
    result: Result = await workflow.execute_local_activity_method(activity, cmd, **options)
    return result


def _summary(activity: Callable[..., Any]) -> str:
    return activity.__name__.replace("_", " ")
