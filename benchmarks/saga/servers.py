"""What is measured runs in processes of its own: the product's stack, and the two workers it is compared with."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from cli.stack import Addresses, NotReady, Part, Stack, StackEvent, StackOptions
from cli.stack.layout import Layout, standard
from cli.stack.temporal import prepared, workers_polling
from domain.runs import BUILD_QUEUE, CLAUDE_QUEUE, DEPLOY_QUEUE, LIFECYCLE_QUEUE

CANNED, BARE = "canned", "bare"
"""Namespaces beside the product's: the same server, and task queues of the same names with other workers."""

PROCESSES: Final = {"workers": (LIFECYCLE_QUEUE, CLAUDE_QUEUE, DEPLOY_QUEUE), "builders": (BUILD_QUEUE,)}
"""The worker processes of a stack and their task queues, as `ccb up` has them."""

_ENVIRONMENT: Final = {
    "CCB_DOCUMENTS_ALLOW_PRIVATE": "true",  # the document is on loopback
    "CCB_WORKER_CLAUDE_PER_SECOND": "10000",  # the rate of a paid service is a policy, not a cost of ours
}

_PATIENCE: Final = 180.0
"""Seconds until everything is up: a machine that is busy with other things makes the figures bad, not impossible."""


def environment() -> dict[str, str]:
    """Ours, without the settings of a stack that may run here."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CCB_")} | _ENVIRONMENT


@asynccontextmanager
async def product(folder: Path) -> AsyncIterator[Stack]:
    """The stack of `ccb up --simulate` on free ports, its Temporal server with two namespaces more."""
    options = StackOptions.on_free_ports(folder, simulate=True).model_copy(update={"start_timeout": _PATIENCE})
    async with Stack(options, environ=environment(), layout=_with_namespaces) as stack:
        yield stack


def _with_namespaces(options: StackOptions, data_dir: Path, environ: Mapping[str, str]) -> Layout:
    made = standard(options, data_dir, environ)
    return replace(made, parts=[_more_namespaces(part) if part.name == "temporal" else part for part in made.parts])


def _more_namespaces(server: Part) -> Part:
    return replace(server, command=[*server.command, "--namespace", CANNED, "--namespace", BARE])


@asynccontextmanager
async def workers(namespace: str, module: str, given: Path, addresses: Addresses) -> AsyncIterator[Stack]:
    """The workers of `namespace`, in as many processes as the product's, until the end.

    Each is `python -m module` with the file `given` and its queues.
    """
    address = addresses.temporal_address
    parts = [
        Part(
            name=name,
            command=[sys.executable, "-m", module, str(given), *queues],
            environment=environment() | {"CCB_TEMPORAL_ADDRESS": address, "CCB_TEMPORAL_NAMESPACE": namespace},
            ready=workers_polling(address, namespace, queues),
            prepare=prepared(address, namespace),
        )
        for name, queues in PROCESSES.items()
    ]
    options = StackOptions.on_free_ports(addresses.data_dir / namespace).model_copy(update={"start_timeout": _PATIENCE})
    async with Stack(options, layout=lambda *_: Layout(parts=parts)) as stack:
        yield stack


def peak_rss_mb(stack: Stack) -> float:
    """The most memory that the worker processes have had resident (VmHWM of proc(5)), added up.

    What they started, such as sandboxes, is not in it. Raises NotReady if one of them died in between.
    """
    return sum(_peak(stack.states[name]) for name in PROCESSES)


def _peak(event: StackEvent) -> float:
    if event.pid is None or event.restarts:
        raise NotReady(f"{event.part} was restarted {event.restarts} times: what was measured is not one process.")
    status = Path(f"/proc/{event.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
