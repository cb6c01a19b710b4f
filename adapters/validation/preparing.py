"""What a version is looked at with: its requirements resolved, its environment, and the environment of our tools."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from adapters.packages import Packages, admitted
from adapters.sandbox.environments import Environments
from adapters.validation.validator import Heartbeat
from domain.errors import InvalidInput
from domain.manifest import Manifest
from domain.packages import Lock
from domain.proving import ProvingPolicy

_T = TypeVar("_T")


@dataclass(frozen=True)
class Prepared:
    """`lock` is None if the manifest cannot be read or its requirements not be had; `unresolved` says why not."""

    environment: Path
    tools: Path
    lock: Lock | None
    unresolved: str = ""


async def prepared(
    packages: Packages, environments: Environments, declared: Manifest | None, policy: ProvingPolicy
) -> Prepared:
    """Takes seconds the first time, and nothing from then on.

    Without a lock of its own, a version is looked at with everything that the policy admits, so that the rest of what
    is wrong is found too. Raises what `Packages.lock` does when the index cannot be read, and SandboxUnavailable.
    """
    lock, unresolved = None, ""
    if declared is not None:
        try:
            lock = await packages.lock(admitted(declared.requirements, policy.packages))
        except InvalidInput as error:
            unresolved = error.message
    installed = lock or await packages.lock(policy.packages)
    environment, tools = await asyncio.gather(environments.ensure(installed, testing=True), environments.tools())
    return Prepared(environment, tools, lock, unresolved)


async def beating(work: Awaitable[_T], heartbeat: Heartbeat, what: str) -> _T:
    """Wait for `work`; say at once, and every second from then, that it goes on."""
    task = asyncio.ensure_future(work)
    try:
        heartbeat(what)
        while not (await asyncio.wait({task}, timeout=1))[0]:
            heartbeat(what)
    finally:
        task.cancel()
    return await task
