"""The Temporal server of one machine: its settings, its namespace, and who polls it.

The settings are the fastest that survive a killed process: without WAL a workflow writes twice as much, and without
the poll rates each step waits 50 ms for a limit that is meant for clusters.
`synchronous=normal` can lose the last commits when the machine loses power, not when a process is killed.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    UpdateNamespaceRequest,
)
from temporalio.service import ConnectConfig, RPCError, ServiceClient

from cli.stack.part import NotReady, Probe
from domain.runs import LIFECYCLE_QUEUE

SEARCH_ATTRIBUTES: Final = ("IntegrationId", "IntegrationName", "Operation", "Stage", "OrganizationId")
"""Ours, all of type Keyword."""

RETENTION: Final = timedelta(days=30)
"""How long closed runs can be looked at; the server's own choice is one day."""

ENVIRONMENT: Final = {"GOGC": "400"}
"""Fewer collections of a heap that is small anyway: 7 % more workflows a second."""

_PRAGMAS = ("journal_mode=wal", "synchronous=normal")
_DYNAMIC = (
    "history.transferProcessorMaxPollRPS=5000",
    "history.timerProcessorMaxPollRPS=5000",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
)
_T = TypeVar("_T")
_RPC_TIMEOUT = timedelta(seconds=2)


def command(
    binary: str,
    database: Path,
    namespace: str,
    ports: Mapping[str, int],
    *,
    extra: tuple[str, ...] = (),
    codec_url: str | None = None,
) -> list[str]:
    """`ports` has `grpc`, `ui`, `http` and `metrics`; `extra` are further `KEY=VALUE` of the dynamic configuration.

    `codec_url` is the codec server that the Web UI is to ask.
    """
    return [
        *(binary, "server", "start-dev", "--db-filename", str(database), "--log-level", "warn"),
        *("--namespace", namespace),
        *("--ip", "127.0.0.1", "--port", str(ports["grpc"]), "--ui-port", str(ports["ui"])),
        *("--http-port", str(ports["http"]), "--metrics-port", str(ports["metrics"]), "--ui-disable-news-fetch"),
        *(("--ui-codec-endpoint", codec_url) if codec_url else ()),
        *(word for pragma in _PRAGMAS for word in ("--sqlite-pragma", pragma)),
        *(word for value in (*_DYNAMIC, *extra) for word in ("--dynamic-config-value", value)),
    ]


def namespace_ready(address: str, namespace: str) -> Probe:
    connection = _Connection(address)

    async def probe(_: float) -> None:
        client = await connection.client()
        await _asked(
            client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=namespace), timeout=_RPC_TIMEOUT
            )
        )

    return probe


def workers_polling(address: str, namespace: str, queues: Sequence[str]) -> Probe:
    """Ready when a worker that started no earlier than the process has asked each queue for work of its kinds.

    The server remembers pollers for minutes after they died, so the time of their last call counts.
    """
    connection = _Connection(address)

    async def probe(started_at: float) -> None:
        client = await connection.client()
        for queue, kind in _asked_for(queues):
            request = DescribeTaskQueueRequest(
                namespace=namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
            )
            answer = await _asked(client.workflow_service.describe_task_queue(request, timeout=_RPC_TIMEOUT))
            if not any(poller.last_access_time.ToMicroseconds() >= started_at * 1e6 for poller in answer.pollers):
                raise NotReady(f"no worker polls the task queue {queue} yet")

    return probe


def _asked_for(queues: Sequence[str]) -> Iterator[tuple[str, TaskQueueType.ValueType]]:
    """What is polled: activities of each queue; workflows are on the lifecycle's."""
    for queue in queues:
        yield queue, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
        if queue == LIFECYCLE_QUEUE:
            yield queue, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW


def prepared(address: str, namespace: str) -> Callable[[], Awaitable[None]]:
    """Raise the retention and register our search attributes: at every start, since both are in the database file."""
    connection = _Connection(address)

    async def prepare() -> None:
        client = await connection.client()
        await _raise_retention(client, namespace)
        await _register(client, namespace)
        # Registered is not yet known everywhere: a query that uses them all is the round trip.
        query = " OR ".join(f'{name} = "x"' for name in SEARCH_ATTRIBUTES)
        await _asked(
            client.workflow_service.count_workflow_executions(
                CountWorkflowExecutionsRequest(namespace=namespace, query=query), timeout=_RPC_TIMEOUT
            )
        )

    return prepare


async def _raise_retention(client: ServiceClient, namespace: str) -> None:
    known = await _asked(
        client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace), timeout=_RPC_TIMEOUT)
    )
    if known.config.workflow_execution_retention_ttl.ToTimedelta() >= RETENTION:
        return
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    request = UpdateNamespaceRequest(
        namespace=namespace, config=NamespaceConfig(workflow_execution_retention_ttl=retention)
    )
    await _asked(client.workflow_service.update_namespace(request, timeout=_RPC_TIMEOUT))


async def _register(client: ServiceClient, namespace: str) -> None:
    known = await _asked(
        client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=namespace), timeout=_RPC_TIMEOUT
        )
    )
    missing = [name for name in SEARCH_ATTRIBUTES if name not in known.custom_attributes]
    if not missing:
        return
    request = AddSearchAttributesRequest(
        namespace=namespace,
        search_attributes=dict.fromkeys(missing, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD),
    )
    await _asked(client.operator_service.add_search_attributes(request, timeout=_RPC_TIMEOUT))


class _Connection:
    """A connection made at the first call that succeeds; it reconnects by itself after that."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: ServiceClient | None = None

    async def client(self) -> ServiceClient:
        if self._client is None:
            try:
                self._client = await ServiceClient.connect(ConnectConfig(target_host=self._address))
            except RuntimeError as error:
                raise NotReady(f"Temporal does not answer at {self._address}") from error
        return self._client


async def _asked(call: Awaitable[_T]) -> _T:
    try:
        return await call
    except RPCError as error:
        raise NotReady(f"Temporal says: {error.message[:200]}") from error
