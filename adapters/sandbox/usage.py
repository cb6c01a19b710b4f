"""What a jail holds, seen from outside: the kernel's limits are for one process, a jail's are for all of them together.

Counted is what the kernel keeps until somebody lets go of it: anonymous and shared memory, with what was swapped out
(proc(5), RssAnon, RssShmem, VmSwap); the entries of `/tmp`, whose size does not bound their number; and the buffers of
sockets, which belong to no process.
"""

import contextlib
import os
import re
from functools import cache
from pathlib import Path

import psutil

_HELD = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$", re.MULTILINE)
_SOCKETS = re.compile(r"sockets: used (\d+)")
_BYTES_AN_ENTRY = 1024  # an inode of tmpfs and its name, rounded up (slabtop: shmem_inode_cache, dentry)


def held(pid: int) -> int:
    """Bytes that the descendants of `pid`, which is bubblewrap, hold now. 0 if there are none."""
    inside = descendants(pid)
    memory = sum(map(_memory, inside))
    # The first is bubblewrap's own, which a user who is not root may not look through; the last always may be.
    for process in reversed(inside):
        with contextlib.suppress(OSError):
            return memory + _entries(process) * _BYTES_AN_ENTRY + _sockets(process) * _socket_buffer()
    return memory


def descendants(pid: int) -> list[int]:
    """Processes that `pid` started, and those they did, parents first. Some may be gone already."""
    if not _kernel_tells_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            return [process.pid for process in psutil.Process(pid).children(recursive=True)]
        return []
    found = [pid]
    for parent in found:  # grows meanwhile
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found[1:]


def _memory(pid: int) -> int:
    with contextlib.suppress(OSError):
        return sum(map(int, _HELD.findall(Path(f"/proc/{pid}/status").read_bytes()))) * 1024
    return 0


def _entries(pid: int) -> int:
    there = os.statvfs(f"/proc/{pid}/root/tmp")
    return there.f_files - there.f_ffree


def _sockets(pid: int) -> int:
    found = _SOCKETS.match(Path(f"/proc/{pid}/net/sockstat").read_text())
    return int(found[1]) if found else 0


@cache
def _socket_buffer() -> int:
    """What one may hold that did not ask for more, in bytes (socket(7), wmem_default)."""
    try:
        return int(Path("/proc/sys/net/core/wmem_default").read_text())
    except OSError:
        return 212_992


@cache
def _kernel_tells_children() -> bool:
    """Whether it was built with CONFIG_PROC_CHILDREN; reading every process of the machine instead is slow."""
    return Path(f"/proc/self/task/{os.getpid()}/children").exists()
