"""`ccb demo` as a process of its own, and what it leaves behind."""

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PATIENCE = 220.0
MARK = "E2E_DEMO"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str
    left: list[str]
    files: list[str]

    @property
    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


class Demo:
    """A running demo. `folder` is where it makes its temporary directories."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, mark: str) -> None:
        self._process = process
        self._mark = mark
        self.folder = folder

    @classmethod
    @asynccontextmanager
    async def running(cls, folder: Path, *arguments: str | Path) -> "AsyncIterator[Demo]":
        mark = secrets.token_hex(8)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CCB_")}
        environment |= {"TMPDIR": str(folder), MARK: mark, "CCB_START_TIMEOUT": "150"}
        process = await asyncio.create_subprocess_exec(
            *(Path(sys.executable).parent / "ccb", "demo", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=folder,
            start_new_session=True,
            limit=1_000_000,
        )
        demo = cls(process, folder, mark)
        try:
            yield demo
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await demo.ended()

    async def line(self) -> dict[str, Any]:
        """The next line of its standard output, while it goes on."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            said = await self._process.stdout.readline()
        if not said:
            ended = await self.ended()
            raise AssertionError(f"it ended with {ended.code}: {ended.err}")
        found: dict[str, Any] = json.loads(said)
        return found

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    async def ended(self) -> Ended:
        async with asyncio.timeout(PATIENCE):
            out, err = await self._process.communicate()
        assert self._process.returncode is not None
        left = self._processes()
        files = sorted(path.name for path in self.folder.iterdir())
        return Ended(self._process.returncode, out.decode(), err.decode(), left, files)

    def _processes(self) -> list[str]:
        """What still runs of it: by the mark in the environment, or a path of it on the command line."""
        return [" ".join(process.cmdline()) for process in psutil.process_iter() if self._ours(process)]

    def _ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return process.environ().get(MARK) == self._mark or str(self.folder) in " ".join(process.cmdline())
        except psutil.Error:
            return False
