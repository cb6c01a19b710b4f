"""Builds of the workers at Temporal (its worker deployments): which there are, and which takes the work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from temporalio.api.deployment.v1 import WorkerDeploymentInfo, WorkerDeploymentVersion
from temporalio.api.enums.v1 import TaskQueueType, WorkerDeploymentVersionStatus
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from adapters.temporal.replaying import differences
from domain.builds import Build, Builds, BuildState, Difference
from domain.errors import CcbError, Conflict, StorageUnavailable

DEPLOYMENT = "ccb"
_AT_ONCE = 8
_NOT_PINNED = "(TemporalWorkflowVersioningBehavior IS NULL OR TemporalWorkflowVersioningBehavior != 'Pinned')"
_LONG_POLL = timedelta(seconds=90)
"""Temporal remembers pollers for minutes; one that lives asks again within a minute."""
_STATES = {
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT: BuildState.CURRENT,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING: BuildState.RAMPING,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING: BuildState.DRAINING,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED: BuildState.DRAINED,
}


class TemporalBuilds:
    """`queues` are those that every build serves; the first of them takes the workflows."""

    def __init__(self, client: Client, queues: Sequence[str]) -> None:
        self._client = client
        self._queues = queues

    async def builds(self) -> Builds:
        """All that Temporal knows, newest first. Raises StorageUnavailable."""
        pollers = await self._pollers()
        try:
            info = await self._deployment()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise _unavailable(error) from error
            return Builds(unversioned=pollers.get("", 0))
        found = [await self._build(one, info, pollers) for one in info.version_summaries]
        return Builds(builds=found, unversioned=pollers.get("", 0))

    async def open_differences(
        self, workflows: Sequence[type], *, told: Callable[[int], None] = lambda _: None
    ) -> tuple[int, list[Difference]]:
        """Replay the histories of all runs under way, as they are now, against `workflows`; how many there were.

        Runs that are pinned to a build stay with it, and are passed over. `told` hears how many are done.
        """
        done = 0

        async def histories() -> AsyncIterator[WorkflowHistory]:
            nonlocal done
            async for history in self._open():
                yield history
                done += 1
                told(done)

        try:
            found = await differences(workflows, histories(), self._client.data_converter)
        except RPCError as error:
            raise _unavailable(error) from error
        return done, found

    async def make_current(self, build_id: str) -> None:
        """New work, and runs that are not pinned, go to this build. Raises Conflict if no worker of it polls."""
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=self._client.namespace, deployment_name=DEPLOYMENT, build_id=build_id
        )
        await self._set(self._client.workflow_service.set_worker_deployment_current_version(request), build_id)

    async def ramp(self, build_id: str, percent: float) -> None:
        """So many percent of new work go to this build. Raises Conflict if no worker of it polls."""
        request = SetWorkerDeploymentRampingVersionRequest(
            namespace=self._client.namespace, deployment_name=DEPLOYMENT, build_id=build_id, percentage=percent
        )
        await self._set(self._client.workflow_service.set_worker_deployment_ramping_version(request), build_id)

    async def _set(self, asked: Awaitable[object], build_id: str) -> None:
        try:
            await asked
        except RPCError as error:
            if error.status in {RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.NOT_FOUND}:
                raise Conflict(
                    f"Temporal does not give work to the build {build_id}: {error.message}. Start its workers first, "
                    f"of all queues, with CCB_WORKER_BUILD_ID={build_id}.",
                    build_id=build_id,
                ) from error
            raise _unavailable(error) from error

    async def _deployment(self) -> WorkerDeploymentInfo:
        request = DescribeWorkerDeploymentRequest(namespace=self._client.namespace, deployment_name=DEPLOYMENT)
        answer = await self._client.workflow_service.describe_worker_deployment(request)
        return answer.worker_deployment_info

    async def _build(
        self,
        summary: WorkerDeploymentInfo.WorkerDeploymentVersionSummary,
        info: WorkerDeploymentInfo,
        pollers: dict[str, int],
    ) -> Build:
        build_id = summary.deployment_version.build_id
        ramping = info.routing_config.ramping_deployment_version.build_id == build_id
        since = summary.routing_update_time if summary.HasField("routing_update_time") else summary.create_time
        return Build(
            build_id=build_id,
            state=_STATES.get(summary.status, BuildState.INACTIVE),
            since=since.ToDatetime(UTC),
            percent=info.routing_config.ramping_version_percentage if ramping else 0,
            queues=await self._served(build_id),
            pollers=pollers.get(build_id, 0),
        )

    async def _served(self, build_id: str) -> list[str]:
        """The queues that workers of this build have polled; none while Temporal is only making it."""
        request = DescribeWorkerDeploymentVersionRequest(
            namespace=self._client.namespace,
            deployment_version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id),
        )
        try:
            answer = await self._client.workflow_service.describe_worker_deployment_version(request)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return []
            raise _unavailable(error) from error
        return sorted({queue.name for queue in answer.worker_deployment_version_info.task_queue_infos})

    async def _pollers(self) -> dict[str, int]:
        """Workers that poll the workflows' queue, by build id; those without one under ``""``."""
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=self._queues[0]),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        try:
            answer = await self._client.workflow_service.describe_task_queue(request)
        except RPCError as error:
            raise _unavailable(error) from error
        found: dict[str, int] = {}
        since = datetime.now(UTC) - _LONG_POLL
        for poller in answer.pollers:
            if poller.last_access_time.ToDatetime(UTC) < since:
                continue
            found[poller.deployment_options.build_id] = found.get(poller.deployment_options.build_id, 0) + 1
        return found

    async def _open(self) -> AsyncIterator[WorkflowHistory]:
        """Histories of what is under way, some fetched at once; one that ends meanwhile is whole, and replays too."""
        waiting: list[asyncio.Task[WorkflowHistory | None]] = []
        query = f"ExecutionStatus = 'Running' AND TaskQueue = '{self._queues[0]}' AND {_NOT_PINNED}"
        async for one in self._client.list_workflows(query):
            waiting.append(asyncio.create_task(self._history(one.id, one.run_id)))
            if len(waiting) >= _AT_ONCE and (history := await waiting.pop(0)) is not None:
                yield history
        for task in waiting:
            if (history := await task) is not None:
                yield history

    async def _history(self, workflow_id: str, run_id: str) -> WorkflowHistory | None:
        try:
            return await self._client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # ended, and removed
                return None
            raise


def _unavailable(error: RPCError) -> CcbError:
    return StorageUnavailable(f"Temporal did not answer: {error.message}")
