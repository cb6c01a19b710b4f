"""What is around the jails and must not notice them: listeners, a process, files, and who looks after them."""

import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.contract.sandbox.hostile.programs import SECRET


@dataclass(frozen=True)
class Outside:
    """`given` is what the programs are told, so that they need not guess where to strike."""

    given: dict[str, Any]
    workspace: Path
    listeners: list[socket.socket]
    victim: psutil.Process
    folder: Path
    before: tuple[object, ...]
    began: float

    def untouched(self) -> None:
        """Fails if anything here has noticed a program."""
        for listener in self.listeners:
            with suppress(BlockingIOError):
                heard = listener.accept() if listener.type == socket.SOCK_STREAM else listener.recvfrom(100)
                raise AssertionError(f"{listener.getsockname()} heard {heard}")
        assert self.victim.status() == psutil.STATUS_SLEEPING
        assert _state(self.folder) == self.before
        assert abs(time.time() - time.monotonic() - self.began) < 60

    def left(self) -> list[str]:
        """What still runs of the programs: by the secret on the command line, or as a child."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.pid != os.getpid() and SECRET in " ".join(process.cmdline()):
                    found.append(f"{process.pid} {process.name()}")
        return found


@contextmanager
def outside() -> Iterator[Outside]:
    """Files anybody may write to and a process: only the jail is between them and the programs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ccb-canary-", dir="/tmp")))
        folder.chmod(0o777)
        workspace = folder / "workspace"
        workspace.mkdir()
        workspace.chmod(0o777)
        for path, text in ((folder / "canary.txt", SECRET), (workspace / "there.py", "there = True\n")):
            path.write_text(text)
            path.chmod(0o666)
        abstract = f"ccb-{os.getpid()}"
        listeners = [_listening(stack, *address) for address in _addresses(folder, abstract)]
        victim = _waiting(stack)
        given = {
            "tcp": listeners[0].getsockname()[1],
            "udp": listeners[1].getsockname()[1],
            "unix": str(folder / "socket"),
            "abstract": abstract,
            "addresses": sorted(_own_addresses()),
            "pid": victim.pid,
            "service": os.getpid(),
            "secret": SECRET,
            "folder": str(folder),
            "canary": str(folder / "canary.txt"),
            "python": Path(sys.base_prefix).parts[1],
        }
        process = psutil.Process(victim.pid)
        yield Outside(given, workspace, listeners, process, folder, _state(folder), time.time() - time.monotonic())


def _waiting(stack: ExitStack) -> subprocess.Popen[bytes]:
    """A process that has answered once, and waits to be spoken to again."""
    pipe = subprocess.PIPE
    victim = stack.enter_context(subprocess.Popen(["/usr/bin/cat"], stdin=pipe, stdout=pipe, env={"SECRET": SECRET}))
    stack.callback(victim.kill)
    assert victim.stdin is not None
    assert victim.stdout is not None
    victim.stdin.write(b"up\n")
    victim.stdin.flush()
    assert victim.stdout.readline() == b"up\n"
    return victim


def _addresses(folder: Path, abstract: str) -> list[tuple[int, int, Any]]:
    stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    return [
        (socket.AF_INET, stream, ("127.0.0.1", 0)),
        (socket.AF_INET, datagram, ("127.0.0.1", 0)),
        (socket.AF_UNIX, stream, str(folder / "socket")),
        (socket.AF_UNIX, stream, "\0" + abstract),
    ]


def _listening(stack: ExitStack, family: int, kind: int, address: Any) -> socket.socket:
    made = stack.enter_context(socket.socket(family, kind))
    made.bind(address)
    if kind == socket.SOCK_STREAM:
        made.listen()
    if family == socket.AF_UNIX and not address.startswith("\0"):
        Path(address).chmod(0o777)
    made.setblocking(False)
    return made


def _own_addresses() -> set[str]:
    found = [address for addresses in psutil.net_if_addrs().values() for address in addresses]
    return {a.address.partition("%")[0] for a in found if a.family in (socket.AF_INET, socket.AF_INET6)} - {
        "127.0.0.1",
        "::1",
    }


def _state(folder: Path) -> tuple[object, ...]:
    """All that a program could have changed: files, the host's name, and what lies in shared places."""
    files = [
        (str(path), path.lstat().st_mode, path.lstat().st_mtime_ns, path.lstat().st_nlink)
        for path in sorted(folder.rglob("*"))
    ]
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()]
    shared = [path.name for path in Path("/dev/shm").iterdir() if path.name in {"left", "0", "1"}]
    core = Path("/proc/sys/kernel/core_pattern").read_text()
    return (*files, *contents, *shared, core, os.uname().nodename, Path("/tmp/left").exists())
