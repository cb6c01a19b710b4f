"""How long the API waits for a run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError

from domain.errors import VendorUnavailable

_RETRY_AFTER = 10.0


class NoWorker(VendorUnavailable):
    """No worker took the request in time; it is kept, and may be done when one comes up."""

    code = "no_worker"


@asynccontextmanager
async def answering(seconds: float, *, integration_id: str) -> AsyncIterator[None]:
    """Raises NoWorker if the block takes longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            yield
    # The SDK turns our own cancellation of a waiting update into an error of its own.
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise NoWorker(
            f"No worker answered within {seconds:g} seconds. The request is kept and goes on when one does: "
            "see that `ccb up` runs, then look at the integration or repeat the request with its Idempotency-Key.",
            retry_after=_RETRY_AFTER,
            vendor="temporal",
            integration_id=integration_id,
        ) from error
