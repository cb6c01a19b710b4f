"""What every activity gets: our errors become failures, and a heartbeat says that its worker lives."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.errors import CcbError
from domain.failures import to_failure


class ActivityInterceptor(Interceptor):
    """Registered on every worker."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - SDK's name
        return _Inbound(next)


class _Inbound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's signature
        async with _beating():
            try:
                return await super().execute_activity(input)
            except CcbError as error:
                raise to_failure(error) from error


@contextlib.asynccontextmanager
async def _beating() -> AsyncIterator[None]:
    """Heartbeat three times in each heartbeat timeout, so that a killed worker is noticed before the step's own limit.

    A step that hangs is still ended by its start-to-close timeout.
    """
    timeout = activity.info().heartbeat_timeout
    if timeout is None or activity.info().is_local:
        yield
        return

    async def beat() -> None:
        while True:
            await asyncio.sleep(timeout.total_seconds() / 3)
            activity.heartbeat()

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
