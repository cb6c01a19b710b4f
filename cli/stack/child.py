"""One process of a part: started in a group of its own, logged to a file, ended with all its descendants' group."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cli.stack.leftovers import MARK, Record
from cli.stack.part import Part

LOG_LIMIT = 10_000_000
"""Bytes after which a log is set aside, at the start of a process."""

_TETHER = Path(__file__).with_name("tether.py")


class Child:
    """A running process."""

    def __init__(self, part: Part, process: asyncio.subprocess.Process, record: Record) -> None:
        self._part = part
        self._process = process
        self._record = record
        self.started_at = time.time()

    @classmethod
    async def start(cls, part: Part, data_dir: Path, record: Record) -> "Child":
        """Raises OSError if the command cannot be run."""
        log = log_file(data_dir, part.name)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *_tethered(part.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                env={**part.environment, "PYTHONUNBUFFERED": "1", MARK: str(data_dir)},
                start_new_session=True,  # Ctrl-C is for the supervisor, which ends the parts in order
            )
        finally:
            os.close(descriptor)
        record.add(part.name, process.pid)
        return cls(part, process, record)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ended(self) -> int:
        """Wait for the process; what it left of its group is killed. Returns its exit code, negative for a signal."""
        code = await self._process.wait()
        self._signal_group(signal.SIGKILL)
        self._record.remove(self._part.name)
        return code

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL if that has not helped in the part's time of grace."""
        if self._process.returncode is None:
            self._signal_group(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._part.grace):
                await self._process.wait()
        except TimeoutError:
            self.kill()
        await self.ended()

    def kill(self) -> None:
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # nobody left; macOS says the latter for a group of zombies
            return


def log_file(data_dir: Path, name: str) -> Path:
    return data_dir / "logs" / f"{name}.log"


def last_words(data_dir: Path, name: str, *, limit: int = 400) -> str:
    """The end of a part's log, on one line."""
    try:
        with log_file(data_dir, name).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4 * limit))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-3:])[-limit:]


def describe(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _tethered(command: Sequence[str]) -> list[str]:
    if sys.platform != "linux":
        return [*command]  # what is left behind there is ended at the next start
    return [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *command]
