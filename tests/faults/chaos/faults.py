"""The schedule is carried out: processes are killed and watched until they are healthy, vendors are told to fail."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from tests.faults.chaos.schedule import Fault
from tests.faults.chaos.stack import Standing

_VENDORS = ("github", "slack", "claude", "packages", "osv")


@dataclass
class Befallen:
    """A fault that happened `at` (seconds since the epoch). `recovered_s`: seconds until a killed part was healthy."""

    fault: Fault
    at: float
    recovered_s: float | None = None


async def befall(schedule: Sequence[Fault], standing: Standing, simulators_url: str, befallen: list[Befallen]) -> None:
    """Carry out the schedule, then take every fault of the vendors away, and wait until all that was killed is back."""
    began = time.monotonic()
    # A kept connection may be closed by its server in the moment that it is used again.
    fresh = httpx.AsyncClient(trust_env=False, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
    async with asyncio.TaskGroup() as watching, fresh as client:
        for fault in schedule:
            await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
            if fault.kind != "kill":
                await _strike(client, simulators_url, fault)
                befallen.append(Befallen(fault, time.time()))
            elif (pid := standing.pid(fault.target)) is not None:
                happened = Befallen(fault, time.time())
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:  # it has ended by itself this moment: nobody is there to kill
                    continue
                befallen.append(happened)
                watching.create_task(_watch(standing, pid, happened))
        for vendor in _VENDORS:
            (await client.delete(f"{simulators_url}/_sim/{vendor}/faults")).raise_for_status()


async def _strike(client: httpx.AsyncClient, url: str, fault: Fault) -> None:
    told = {"kind": fault.kind, "match": {"method": fault.method, "path": fault.path}, "times": fault.times}
    told |= {"seconds": fault.seconds, "status": fault.status}
    told |= {"headers": {"Retry-After": "1"}} if fault.status == 429 else {}
    (await client.post(f"{url}/_sim/{fault.target}/faults", json=told)).raise_for_status()


async def _watch(standing: Standing, killed: int, happened: Befallen) -> None:
    """Healthy is what the supervisor calls ready: an answer to a real round trip, by a process that came after."""
    began = time.monotonic()
    while True:
        state = standing.stack.states[happened.fault.target]
        if state.state.value == "ready" and state.pid not in {None, killed}:
            happened.recovered_s = time.monotonic() - began
            return
        await asyncio.sleep(0.05)
