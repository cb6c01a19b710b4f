"""Starting, steering and asking runs, through Temporal."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import (
    Client,
    RPCError,
    RPCStatusCode,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from adapters.temporal.described import OPERATION, described, searched
from domain import ids
from domain.checkpoints import Kept
from domain.conversation import Budget
from domain.errors import Conflict, NotFound, StorageUnavailable
from domain.failures import from_failure
from domain.operations import LaterWork
from domain.people import Actor
from domain.review import Review
from domain.runs import (
    ABANDON_UPDATE,
    ACCEPTED_UPDATE,
    CONVERSE_WORKFLOW,
    DELIVERY_WORKFLOW,
    HEAD_MOVED_SIGNAL,
    LIFECYCLE_QUEUE,
    LIMITS_SIGNAL,
    PAUSE_UPDATE,
    RAISE_BUDGET_UPDATE,
    RESUME_UPDATE,
    REVIEW_UPDATE,
    SECRETS_SIGNAL,
    STATUS_QUERY,
    Abandon,
    ConversationStatus,
    CreateIntegration,
    Delivery,
    HeadMoved,
    Pause,
    RaiseBudget,
    Resume,
    Retry,
    RunAccepted,
    RunStatus,
    Work,
)

_log = logging.getLogger(__name__)
_PAGE = 200
_REQUEST_KEY = "request_key"
"""The memo that says which request a run was started for."""
_AT_ONCE = 20


class TemporalRuns:
    """`domain.ports.Runs`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start_create(self, cmd: CreateIntegration) -> RunAccepted:
        try:
            return await self._start(
                cmd,
                conflict=WorkflowIDConflictPolicy.USE_EXISTING,
                reuse=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )
        except WorkflowAlreadyStartedError as error:
            described = await self._handle(cmd.integration_id).describe()
            if described.run_id is None:
                raise Conflict(f"The run of {cmd.integration_id} has ended; ask for a new one.") from error
            return RunAccepted(integration_id=cmd.integration_id, workflow_id=described.id, run_id=described.run_id)

    async def start(self, cmd: LaterWork) -> RunAccepted:
        return await self._start_another(cmd)

    async def retry(self, kept: Kept, *, by: Actor, budget: Budget | None = None, request_key: str = "") -> RunAccepted:
        retry = Retry(run_id=kept.checkpoint.run_id, by=by)
        changes = {"retry": retry, "request_key": request_key, "budget": budget or kept.work.budget}
        return await self._start_another(kept.work.model_copy(update=changes))

    async def _start_another(self, cmd: CreateIntegration | LaterWork) -> RunAccepted:
        """Start a run of an integration that had one before."""
        try:
            return await self._start(
                cmd,
                conflict=WorkflowIDConflictPolicy.FAIL,
                reuse=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            )
        except WorkflowAlreadyStartedError as error:
            if cmd.request_key and await self._began_with(cmd):
                return await self._accepted(cmd.integration_id)
            raise Conflict(
                f"A run of {cmd.integration_id} is under way; wait for its end, or abandon it.",
                workflow_id=ids.lifecycle_workflow(cmd.integration_id),
            ) from error

    async def _start(
        self,
        cmd: CreateIntegration | LaterWork,
        *,
        conflict: WorkflowIDConflictPolicy,
        reuse: WorkflowIDReusePolicy,
    ) -> RunAccepted:
        workflow, operation, summary = described(cmd)
        workflow_id = ids.lifecycle_workflow(cmd.integration_id)
        # Of a run that has ended the server gives the answer again, under the same id, instead of starting another.
        first = reuse is WorkflowIDReusePolicy.REJECT_DUPLICATE
        update = ACCEPTED_UPDATE if first else f"{ACCEPTED_UPDATE}/{ids.new('req')}"
        start: WithStartWorkflowOperation[object, object] = WithStartWorkflowOperation(
            workflow,
            cmd,
            id=workflow_id,
            task_queue=LIFECYCLE_QUEUE,
            id_conflict_policy=conflict,
            id_reuse_policy=reuse,
            static_summary=summary,
            memo={_REQUEST_KEY: cmd.request_key} if cmd.request_key else None,
            search_attributes=searched(cmd, operation),
        )
        async with _translated(workflow_id):
            accepted: RunAccepted = await self._client.execute_update_with_start_workflow(
                ACCEPTED_UPDATE, start_workflow_operation=start, id=update, result_type=RunAccepted
            )
            return accepted

    async def _began_with(self, cmd: Work) -> bool:
        """Whether the run that is under way is the one that `cmd` asked for before."""
        handle = self._handle(cmd.integration_id)
        async with _translated(handle.id):
            found: str = await (await handle.describe()).memo_value(_REQUEST_KEY, "", type_hint=str)
            return found == cmd.request_key

    async def _accepted(self, integration_id: str) -> RunAccepted:
        handle = self._handle(integration_id)
        async with _translated(handle.id):
            accepted: RunAccepted = await handle.execute_update(
                ACCEPTED_UPDATE, id=ACCEPTED_UPDATE, result_type=RunAccepted
            )
            return accepted

    async def submit_review(self, integration_id: str, review: Review) -> RunStatus:
        # The update id makes a repeated delivery of one review one review.
        return await self._steer(integration_id, REVIEW_UPDATE, review, update_id=f"review/{review.id}")

    async def abandon(self, integration_id: str, cmd: Abandon) -> RunStatus:
        return await self._steer(integration_id, ABANDON_UPDATE, cmd)

    async def pause(self, integration_id: str, cmd: Pause) -> RunStatus:
        return await self._steer(integration_id, PAUSE_UPDATE, cmd)

    async def resume(self, integration_id: str, cmd: Resume) -> RunStatus:
        return await self._steer(integration_id, RESUME_UPDATE, cmd)

    async def raise_budget(self, integration_id: str, cmd: RaiseBudget) -> RunStatus:
        return await self._steer(integration_id, RAISE_BUDGET_UPDATE, cmd)

    async def secrets_changed(self, integration_id: str) -> None:
        await self._tell(integration_id, SECRETS_SIGNAL)

    async def limits_changed(self) -> int:
        # All that are under way, though few of them wait: which do is in the index a moment late, and one that is
        # passed over would wait until the limit begins anew.
        told = asyncio.Semaphore(_AT_ONCE)

        async def tell(workflow_id: str) -> bool:
            async with told:
                try:
                    async with _translated(workflow_id):
                        await self._client.get_workflow_handle(workflow_id).signal(LIMITS_SIGNAL)
                except (NotFound, Conflict):
                    return False  # it has ended meanwhile
                return True

        query = f"WorkflowType = '{CONVERSE_WORKFLOW}' AND ExecutionStatus = 'Running'"
        found = 0
        async with _translated("conversations"):
            page: list[str] = []
            async for one in self._client.list_workflows(query, page_size=_PAGE):
                page.append(one.id)
                if len(page) == _PAGE:
                    found += sum(await asyncio.gather(*map(tell, page)))
                    page = []
            return found + sum(await asyncio.gather(*map(tell, page)))

    async def head_moved(self, integration_id: str, moved: HeadMoved) -> None:
        await self._tell(integration_id, HEAD_MOVED_SIGNAL, moved)

    async def status(self, integration_id: str) -> RunStatus:
        handle = self._handle(integration_id)
        async with _translated(handle.id):
            status = await handle.query(STATUS_QUERY, result_type=RunStatus)
        return status if status.conversation is None else await self._with_conversation(status, status.conversation)

    async def start_delivery(self, delivery: Delivery) -> bool:
        """Start the workflow that handles a stored delivery; False for one that is started already, and left alone."""
        workflow_id = ids.delivery_workflow(delivery.source, delivery.id, delivery.attempt)
        try:
            async with _translated(workflow_id):
                await self._client.start_workflow(
                    DELIVERY_WORKFLOW,
                    delivery,
                    id=workflow_id,
                    task_queue=LIFECYCLE_QUEUE,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    static_summary=f"{delivery.source}: {delivery.event}",
                    search_attributes=TypedSearchAttributes([SearchAttributePair(OPERATION, "delivery")]),
                )
        except WorkflowAlreadyStartedError:
            _log.info("delivery already handled", extra={"source": delivery.source, "delivery": delivery.id})
            return False
        return True

    async def delivery_ended(self, delivery: Delivery) -> bool:
        """Whether the workflow that handles it has come to an end, whatever that was."""
        workflow_id = ids.delivery_workflow(delivery.source, delivery.id, delivery.attempt)
        async with _translated(workflow_id):
            found = await self._client.get_workflow_handle(workflow_id).describe()
        return found.status is not WorkflowExecutionStatus.RUNNING

    def _handle(self, integration_id: str) -> WorkflowHandle[object, object]:
        return self._client.get_workflow_handle(ids.lifecycle_workflow(integration_id))

    async def _steer(
        self,
        integration_id: str,
        update: str,
        cmd: Review | Abandon | Pause | Resume | RaiseBudget,
        update_id: str | None = None,
    ) -> RunStatus:
        handle = self._handle(integration_id)
        async with _translated(handle.id):
            await handle.execute_update(update, cmd, id=update_id)
        return await self.status(integration_id)

    async def _tell(self, integration_id: str, signal: str, *what: HeadMoved) -> None:
        """Signal a run; one that has ended has nothing to be told."""
        handle = self._handle(integration_id)
        try:
            async with _translated(handle.id):
                await handle.signal(signal, args=what)
        except (NotFound, Conflict):
            _log.info("no run to tell", extra={"integration_id": integration_id, "signal": signal})

    async def _with_conversation(self, status: RunStatus, workflow_id: str) -> RunStatus:
        try:
            async with _translated(workflow_id):
                talk = await self._client.get_workflow_handle(workflow_id).query(
                    STATUS_QUERY, result_type=ConversationStatus
                )
        except NotFound:  # named in the parent's status a moment before it is started
            return status
        found = {
            "step": f"{status.step}: turn {talk.turn}, {talk.step}",
            "spent": talk.spent,
            "waiting": talk.waiting or status.waiting,
        }
        if status.paused is not None and talk.holds:
            paused = status.paused.model_copy(update={"holds": True})
            found |= {"paused": paused, "waiting": paused.waiting(status.waiting)}
        return status.model_copy(update=found)


@asynccontextmanager
async def _translated(workflow_id: str) -> AsyncIterator[None]:
    try:
        yield
    except WorkflowUpdateFailedError as error:
        if isinstance(error.cause, ApplicationError):
            raise from_failure(error.cause) from error
        raise Conflict(f"The run {workflow_id} ended before it could answer.") from error
    except WorkflowQueryFailedError as error:
        # A worker took the question and could not answer it, as when what it must read first is out of its reach.
        raise StorageUnavailable(f"The run {workflow_id} could not be asked: {error}") from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            if "already completed" in error.message:
                raise Conflict(f"The run {workflow_id} has ended.", ended=True) from error
            raise NotFound(f"There is no such run under way: {workflow_id}.") from error
        raise StorageUnavailable(f"Temporal did not answer: {error.message}") from error
