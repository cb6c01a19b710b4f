"""Whether the worker in this container polls its task queues: `worker_health.py QUEUE…`, asked of Temporal itself.

A worker has no port to ask. The server knows who polled and when; a poll takes about a minute.
"""  # noqa: INP001

import asyncio
import os
import socket
import sys
import time
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.service import RPCError

from adapters.temporal import TemporalSettings, connect
from domain.errors import CcbError

RECENT = 150.0
"""Seconds: two polls, and some room."""

_TIMEOUT = timedelta(seconds=5)


async def silent(queues: list[str]) -> list[str]:
    """Those of `queues` that nobody on this host has polled lately."""
    client = await connect(TemporalSettings(), tracing=False)
    found = []
    for queue in queues:
        request = DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
        answer = await client.workflow_service.describe_task_queue(request, timeout=_TIMEOUT)
        here = f"@{socket.gethostname()}"
        polled = [poller.last_access_time.ToSeconds() for poller in answer.pollers if poller.identity.endswith(here)]
        if time.time() - max(polled, default=0) > RECENT:
            found.append(queue)
    return found


def main() -> int:
    try:
        missing = asyncio.run(silent(sys.argv[1:]))
    except (CcbError, RPCError) as error:
        print(error, file=sys.stderr)
        return 1
    if missing:
        print(f"Nobody here polls {', '.join(missing)}.", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Not by way of the interpreter's own end: threads of the Temporal SDK may still be at work then, and abort it.
    os._exit(code)
