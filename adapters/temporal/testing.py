"""Starting tests of versions, through Temporal."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from temporalio.client import (
    Client,
    RPCError,
    WithStartWorkflowOperation,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from adapters.temporal.described import INTEGRATION_ID, OPERATION, ORGANIZATION_ID
from domain import ids
from domain.errors import Conflict, StorageUnavailable
from domain.failures import from_failure
from domain.runs import ACCEPTED_UPDATE, LIFECYCLE_QUEUE
from domain.testing import TEST_WORKFLOW, TestRun, TestVersion


class TemporalTests:
    """`domain.ports.Tests`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start(self, cmd: TestVersion) -> TestRun:
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            TEST_WORKFLOW,
            cmd,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            **_options(cmd),
        )
        async with _translated(cmd):
            try:
                begun: TestRun = await self._client.execute_update_with_start_workflow(
                    ACCEPTED_UPDATE, start_workflow_operation=start, id=ACCEPTED_UPDATE, result_type=TestRun
                )
            except WorkflowAlreadyStartedError:  # it has ended
                return await self._handle(cmd).result()
            return begun

    async def run(self, cmd: TestVersion) -> TestRun:
        async with _translated(cmd):
            # By a try before this one.
            with contextlib.suppress(WorkflowAlreadyStartedError):
                await self._client.start_workflow(
                    TEST_WORKFLOW,
                    cmd,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    **_options(cmd),
                )
            return await self._handle(cmd).result()

    def _handle(self, cmd: TestVersion) -> WorkflowHandle[Any, TestRun]:
        workflow_id = ids.test_workflow(cmd.integration_id, cmd.id)
        return self._client.get_workflow_handle(workflow_id, result_type=TestRun)


def _options(cmd: TestVersion) -> dict[str, Any]:
    attributes = [(INTEGRATION_ID, cmd.integration_id), (OPERATION, "test"), (ORGANIZATION_ID, cmd.organization_id)]
    return {
        "id": ids.test_workflow(cmd.integration_id, cmd.id),
        "task_queue": LIFECYCLE_QUEUE,
        "static_summary": f"Test ({cmd.trigger}): {cmd.version or 'what serves'}",
        "search_attributes": TypedSearchAttributes([SearchAttributePair(key, value) for key, value in attributes]),
    }


@contextlib.asynccontextmanager
async def _translated(cmd: TestVersion) -> AsyncIterator[None]:
    try:
        yield
    except (WorkflowUpdateFailedError, WorkflowFailureError) as error:
        if isinstance(error.cause, ApplicationError):
            raise from_failure(error.cause) from error
        raise Conflict(f"The test run {cmd.id} was stopped before it came to a result.", test_id=cmd.id) from error
    except RPCError as error:
        raise StorageUnavailable(f"Temporal did not answer: {error.message}") from error
