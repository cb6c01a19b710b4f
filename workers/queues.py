"""One worker a task queue, so that each kind of work scales by itself."""

import importlib
from collections.abc import Sequence
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from adapters.temporal import ActivityInterceptor
from domain.runs import BUILD_QUEUE, CLAUDE_QUEUE, DEPLOY_QUEUE, LIFECYCLE_QUEUE
from workers.settings import WorkerSettings
from workers.shared import Shared, Step
from workers.versioning import deployment, offered
from workflows.converse import ConverseWorkflow
from workflows.create_integration import CreateIntegrationWorkflow
from workflows.deploy_version import DeployVersionWorkflow
from workflows.deprecate_integration import DeprecateIntegrationWorkflow
from workflows.handle_delivery import HandleDeliveryWorkflow
from workflows.nightly import NightlyTestsWorkflow
from workflows.retire_integration import RetireIntegrationWorkflow
from workflows.sweep_health import SweepHealthWorkflow
from workflows.test_version import TestVersionWorkflow
from workflows.undeprecate_integration import UndeprecateIntegrationWorkflow
from workflows.update_integration import UpdateIntegrationWorkflow
from workflows.watch_drift import WatchDriftWorkflow

QUEUES = (LIFECYCLE_QUEUE, CLAUDE_QUEUE, BUILD_QUEUE, DEPLOY_QUEUE)
_MODULES = {queue: f"workers.on_{queue}" for queue in QUEUES}
WORKFLOWS: Sequence[type] = (
    CreateIntegrationWorkflow,
    UpdateIntegrationWorkflow,
    DeployVersionWorkflow,
    DeprecateIntegrationWorkflow,
    UndeprecateIntegrationWorkflow,
    RetireIntegrationWorkflow,
    ConverseWorkflow,
    HandleDeliveryWorkflow,
    TestVersionWorkflow,
    NightlyTestsWorkflow,
    SweepHealthWorkflow,
    WatchDriftWorkflow,
)


def activities(queue: str, shared: Shared) -> list[Step]:
    """The steps of one queue. Only its own adapters are imported, and only its own credentials are read."""
    found: list[Step] = importlib.import_module(_MODULES[queue]).activities(shared)
    return found


def worker(client: Client, queue: str, steps: Sequence[Step], settings: WorkerSettings) -> Worker:
    """The worker of one queue."""
    return Worker(
        client,
        task_queue=queue,
        workflows=offered(WORKFLOWS, settings.build_id) if queue == LIFECYCLE_QUEUE else (),
        activities=steps,
        deployment_config=deployment(settings.build_id),
        interceptors=[ActivityInterceptor()],
        # The sandbox costs a fifth of a worker's CPU. What it would catch (clock, random, I/O in a workflow) is caught
        # by tests/replay, which replays every history inside it.
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=settings.cached_workflows,
        max_concurrent_activities=settings.builds if queue == BUILD_QUEUE else 100,
        max_task_queue_activities_per_second=settings.claude_per_second if queue == CLAUDE_QUEUE else None,
        # How soon a run moves to another worker when its own was killed.
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        graceful_shutdown_timeout=timedelta(seconds=10),
    )
