"""What the kernel says of a process: its memory, and how long it waited for a processor. Runs in the jail.

What a busy machine adds to a time is that waiting, and it is known to the nanosecond: it is taken off, so that a figure
is the integration's own. Where the kernel does not count it, nothing is taken off.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clock:
    """Seconds: what passed, and what some processes ran and waited to run meanwhile (proc(5), schedstat)."""

    passed: float
    ran: float
    waited: float

    @classmethod
    def read(cls, *pids: int) -> "Clock":
        with _schedules(pids) as schedules:
            return cls._of(schedules)

    @classmethod
    def _of(cls, schedules: list[int]) -> "Clock":
        ran = waited = 0
        for schedule in schedules:
            with contextlib.suppress(OSError, ValueError):
                numbers = os.pread(schedule, 100, 0).split()
                ran, waited = ran + int(numbers[0]), waited + int(numbers[1])
        return cls(time.perf_counter(), ran / 1e9, waited / 1e9)

    @classmethod
    @contextlib.contextmanager
    def started(cls, *pids: int) -> Iterator[Callable[[], "Clock"]]:
        """Says what passed since, and costs little to ask: only threads count that are there as the block begins."""
        with _schedules(pids) as schedules:
            began = cls._of(schedules)
            yield lambda: cls._of(schedules).since(began)

    def since(self, earlier: "Clock") -> "Clock":
        return Clock(self.passed - earlier.passed, self.ran - earlier.ran, self.waited - earlier.waited)

    @property
    def own(self) -> float:
        """Without the waiting. They took turns, so it cannot be more than they did not run."""
        return self.passed - max(0.0, min(self.waited, self.passed - max(0.0, self.ran)))

    @property
    def held_back(self) -> float:
        """The share of the time that was spent waiting."""
        return 1 - self.own / self.passed if self.passed > 0 else 0.0


@contextlib.contextmanager
def _schedules(pids: tuple[int, ...]) -> Iterator[list[int]]:
    """The open `schedstat` of each thread of some processes and of those they started."""
    with contextlib.ExitStack() as opened:
        found: list[int] = []
        for process in (process for pid in pids for process in _family(pid)):
            with contextlib.suppress(OSError):
                for thread in Path(f"/proc/{process}/task").iterdir():
                    file = opened.enter_context((thread / "schedstat").open("rb", buffering=0))
                    found.append(file.fileno())
        yield found


def memory(pid: int) -> tuple[float, float]:
    """Resident now and at its highest, of a process and those it started, in MiB (proc(5), VmRSS and VmHWM)."""
    now = peak = 0
    for process in _family(pid):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process}/status").read_text()
            now, peak = now + _kilobytes(status, "VmRSS"), peak + _kilobytes(status, "VmHWM")
    return now / 1024, peak / 1024


def _family(pid: int) -> Iterator[int]:
    """Our own process is alone: those it started are asked about by themselves."""
    waiting = [pid]
    while waiting:
        found = waiting.pop()
        yield found
        if found != os.getpid():
            with contextlib.suppress(OSError, ValueError):
                waiting += map(int, Path(f"/proc/{found}/task/{found}/children").read_text().split())


def _kilobytes(status: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) if found else 0
