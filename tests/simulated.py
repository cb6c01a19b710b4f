"""Simulators as a server of their own."""

import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from simulators.kit import Simulators
from tests.servers import free_ports, process, ready


@asynccontextmanager
async def simulated(config: Mapping[str, Any], kept: Mapping[str, Any] | None = None) -> AsyncIterator[Simulators]:
    """`python -m simulators` on a free port with a fresh state directory. `kept`: what `.config` is to hold instead."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="ccb-simulators-") as name:
        home = Path(name)
        (home / "config.json").write_text(json.dumps(config))
        command = [sys.executable, "-m", "simulators", "--port", str(port), "--state-dir", home / "state"]
        with process([*command, "--config", home / "config.json"], log=home / "log") as child:
            async with Simulators(f"http://127.0.0.1:{port}", config=dict(kept or config)) as running:
                await ready(running.health, child, home / "log", httpx.HTTPError)
                yield running
