"""What validation needs beside the sandbox: an index of packages and a vulnerability database, both simulated."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from adapters.artifacts import FileArtifacts
from adapters.osv import Osv, OsvSettings
from adapters.packages import Packages, PackageSettings
from adapters.policy import ProvingSettings
from adapters.sandbox import Environments
from adapters.validation.engine import Validation
from adapters.validation.standard import standard
from domain.proving import ProvingPolicy
from simulators.kit import Simulators

_PATIENCE = 60.0


class NotReady(Exception):
    """The simulators did not start."""


class World:
    """A builder's places below `folder`, made anew as often as wanted."""

    def __init__(self, simulators: Simulators, folder: Path) -> None:
        self._folder = folder
        self._made = 0
        self.policy: ProvingPolicy = ProvingSettings().load()
        self.osv = Osv(OsvSettings(url=simulators.osv_url))
        self._settings = PackageSettings.model_validate({"index_url": simulators.packages_url})

    def places(self) -> tuple[Packages, Environments]:
        """New and empty."""
        root = self._new("places")
        packages = Packages(root / "packages", self._settings)
        return packages, Environments(root / "environments", packages)

    def validation(self, packages: Packages, environments: Environments) -> Validation:
        """The product's, with a store of its own in which no result is remembered yet."""
        return standard(FileArtifacts(self._new("artifacts")), environments, packages, self.policy, self.osv)

    def _new(self, name: str) -> Path:
        self._made += 1
        return self._folder / f"{name}-{self._made}"


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """Until the end of the block. Raises NotReady."""
    port = _free_port()
    (folder / "config.json").write_text(json.dumps({"packages": {}, "osv": {}}))
    command = ["-m", "simulators", "--port", str(port), "--state-dir", str(folder / "state")]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(*command, "--config", str(folder / "config.json")),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith("CCB_")},
    )
    try:
        async with Simulators(f"http://127.0.0.1:{port}") as simulators:
            await _ready(simulators, process)
            yield World(simulators, folder)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def _ready(simulators: Simulators, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(_PATIENCE):
        while process.returncode is None:
            try:
                await simulators.health()
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
            else:
                return
    raise NotReady("The simulators ended as they started.")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
