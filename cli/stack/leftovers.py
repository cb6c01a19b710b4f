"""Processes on record: what a supervisor that was killed left behind is ended at the next start."""

import json
import os
from pathlib import Path

import psutil

from cli.stack.datadir import write_private

MARK = "CCB_STACK"
"""In every child's environment: the data directory whose stack it belongs to. A pid alone proves nothing."""

_WAIT = 5.0


class Record:
    """`processes.json`: pid and start time of each part's process."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "processes.json"
        self._mark = str(data_dir)
        self._known: dict[str, tuple[int, float]] = {}

    def add(self, name: str, pid: int) -> None:
        try:
            self._known[name] = (pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return  # it has ended already, and whoever waits for it will say so
        self._write()

    def remove(self, name: str) -> None:
        if self._known.pop(name, None):
            self._write()

    def _write(self) -> None:
        write_private(self._file, json.dumps(self._known))

    def end_leftovers(self) -> list[int]:
        """End what an earlier supervisor recorded and left. Returns the pids. Raises psutil.Error if one cannot be."""
        try:
            recorded = json.loads(self._file.read_text())
            known = {int(pid): float(created) for pid, created in recorded.values()}
        except (OSError, ValueError, TypeError, AttributeError):
            return []
        found = [process for process in psutil.process_iter() if self._ours(process, known)]
        for process in found:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(found, timeout=_WAIT)
        self._file.unlink(missing_ok=True)
        return [process.pid for process in found]

    def _ours(self, process: psutil.Process, known: dict[int, float]) -> bool:
        try:
            if process.pid in known:
                return abs(process.create_time() - known[process.pid]) < 1
            return os.getpgid(process.pid) in known and process.environ().get(MARK) == self._mark
        except (psutil.Error, OSError):
            return False
