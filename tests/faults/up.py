"""`ccb up --simulate` as a process of its own, whose parts can be killed, and it with them."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from cli.stack import Addresses
from tests import policies
from tests.e2e.world import PATIENCE, eventually

_MARK = "CCB_STACK"  # in the environment of every part: its data directory


class Up:
    """A running stack. `addresses` are the same after each start, so that what is deployed keeps its URL."""

    def __init__(self, data_dir: Path, private_hosts: str) -> None:
        self.data_dir = data_dir
        self._private_hosts = private_hosts
        self.addresses: Addresses | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> Addresses:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CCB_")}
        environment |= {"CCB_DOCUMENTS_ALLOW_PRIVATE": "true", "CCB_START_TIMEOUT": str(PATIENCE), **self._ports()}
        environment |= {"CCB_RUNNER_PRIVATE_HOSTS": self._private_hosts, **policies.brief(self.data_dir.parent)}
        free = () if self.addresses else ("--free-ports",)
        command = [Path(sys.executable).parent / "ccb", "up", "--simulate", "--json", *free]
        self._process = await asyncio.create_subprocess_exec(
            *(*command, "--data-dir", self.data_dir),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            ready = await self._process.stdout.readline()
        assert ready, f"it ended with {await self._process.wait()}"
        self.addresses = Addresses.model_validate_json(ready)
        return self.addresses

    def _ports(self) -> dict[str, str]:
        found = self.addresses
        if found is None:
            return {}
        urls = {
            "API": found.api_url,
            "TEMPORAL": f"//{found.temporal_address}",
            "TEMPORAL_UI": found.temporal_ui_url,
            "TEMPORAL_HTTP": found.temporal_http_url,
            "TEMPORAL_METRICS": found.temporal_metrics_url,
            "RUNNER": found.runner_url,
            "SIMULATORS": found.simulators_url,
        }
        return {f"CCB_{name}_PORT": str(urlsplit(url).port) for name, url in urls.items() if url}

    def kill(self, *parts: str) -> float:
        """SIGKILL; returns when, in seconds since the epoch."""
        pids = self._pids()
        for part in parts:
            os.kill(pids[part], signal.SIGKILL)
        return time.time()

    async def killed(self, part: str) -> None:
        """Kill a part and wait until the supervisor has started it again."""
        before = self._pids()[part]
        self.kill(part)

        async def there() -> bool | None:
            return True if self._pids().get(part, before) != before else None

        await eventually(there, f"{part} started again")

    @contextmanager
    def frozen(self, part: str) -> Iterator[None]:
        """A part that is there and does not answer."""
        pid = self._pids()[part]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def recorded_turns(self, at_least: int = 0) -> int:
        """How many turns are in the books, once there are `at_least` so many.

        The one look inside: nobody outside can see the moment between a turn's record and its report.
        """
        query = "SELECT count(*) FROM turns WHERE document IS NOT NULL AND document <> 'null'"

        async def there() -> int | None:
            with closing(sqlite3.connect(f"file:{self.data_dir}/ccb.db?mode=ro", uri=True)) as books:
                (count,) = books.execute(query).fetchone()
            return int(count) if count >= at_least else None

        return await eventually(there, f"{at_least} turns recorded")

    def _pids(self) -> dict[str, int]:
        recorded = json.loads((self.data_dir / "processes.json").read_text())
        return {name: pid for name, (pid, _) in recorded.items()}

    async def kill_everything(self) -> None:
        """SIGKILL to the supervisor, which nothing of the stack survives."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        await self.all_gone()

    async def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            return await self._process.wait()

    async def all_gone(self) -> None:
        async def there() -> bool | None:
            return None if self.running() else True

        await eventually(there, f"{self.running()} gone", within=30)

    def running(self) -> list[str]:
        """Processes of this stack: by the mark in their environment, or its directory on their command line."""
        return [" ".join(process.cmdline())[:200] for process in psutil.process_iter() if self._ours(process)]

    def _ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            mine = str(self.data_dir)
            return process.environ().get(_MARK) == mine or mine in " ".join(process.cmdline())
        except psutil.Error:
            return False
