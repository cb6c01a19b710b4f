"""The system call filter of a jail, as the BPF program that bubblewrap installs (`--seccomp`).

A deny list: what can make namespaces, mounts, kernel objects outside any limit, or reach other processes is refused.
Calls of another architecture (32 bit, x32) end the process: libseccomp's rule for what a filter does not know.
"""

import errno
import mmap
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from functools import cache

from domain.errors import SandboxUnavailable

_NAMESPACES = """
    unshare setns mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr
"""
_OTHER_PROCESSES = "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd"
_MACHINE = """
    keyctl add_key request_key bpf perf_event_open userfaultfd init_module finit_module delete_module kexec_load
    kexec_file_load reboot swapon swapoff acct quotactl quotactl_fd syslog settimeofday clock_settime adjtimex
    clock_adjtime sethostname setdomainname iopl ioperm modify_ldt vhangup lookup_dcookie fanotify_init
    name_to_handle_at open_by_handle_at personality
"""
_UNCOUNTED_MEMORY = "memfd_create memfd_secret shmget shmat shmctl msgget mq_open semget"
_PAST_THIS_FILTER = "io_uring_setup io_uring_enter io_uring_register"
_BEHIND_A_POINTER = ("clone3", "openat2")
"""Their flags cannot be looked at; without them the C library falls back to `clone` and `openat`."""
_INT = 0xFFFFFFFF
_TERMINAL = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX: input put into a terminal that others read
_MODES = (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("fchmodat2", 2), ("mknod", 1), ("mknodat", 2), ("creat", 1))
_OPENS = (("open", 1), ("openat", 2))
_REFUSED = f"{_NAMESPACES} {_OTHER_PROCESSES} {_MACHINE} {_UNCOUNTED_MEMORY} {_PAST_THIS_FILTER}".split()

# clone(2): CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NAMESPACE_FLAGS = (0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
_HIGHEST_FAMILY = 46  # AF_MCTP is 45; everything from here on is refused as a range


# What is refused: the answer, the call, and what its arguments must be for it, as place, mask and value.
_Rule = tuple[int, str, tuple[tuple[int, int, int], ...]]


@cache
def program(*, loopback: bool) -> bytes:
    """The filter for this machine. `loopback` admits IPv4 and IPv6 sockets, for a service in its own network namespace.

    Raises SandboxUnavailable if libseccomp is not installed.
    """
    try:
        import pyseccomp  # noqa: PLC0415 (fails to import where libseccomp is missing)
    except (ImportError, RuntimeError) as missing:
        raise SandboxUnavailable("The sandbox needs libseccomp: install it (Debian: libseccomp2).") from missing
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for answer, name, conditions in (*_calls(), *_identities(), *_families(loopback=loopback)):
        # -1: a call newer than the libseccomp installed.
        if (number := pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)) != -1:
            arguments = [pyseccomp.Arg(place, pyseccomp.MASKED_EQ, mask, value) for place, mask, value in conditions]
            rules.add_rule(pyseccomp.ERRNO(answer), number, *arguments)
    rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "socket", pyseccomp.Arg(0, pyseccomp.GE, _HIGHEST_FAMILY))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _calls() -> Iterator[_Rule]:
    yield from ((errno.EPERM, name, ()) for name in _REFUSED)
    yield from ((errno.ENOSYS, name, ()) for name in _BEHIND_A_POINTER)
    # Not every architecture passes clone's flags in the same place, but x86-64 and arm64 pass them first.
    yield from ((errno.EPERM, "clone", ((0, flag, flag),)) for flag in _NAMESPACE_FLAGS)
    yield from ((errno.EPERM, "ioctl", ((1, _INT, request),)) for request in _TERMINAL)
    # Memory that no process needs to have mapped, so that nobody could count it.
    shared = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
    yield errno.EPERM, "mmap", ((3, shared, shared),)


def _identities() -> Iterator[_Rule]:
    """No file gets a set-user-ID or set-group-ID bit: in a writable folder, others outside could run it as us."""
    for bit in (stat.S_ISUID, stat.S_ISGID):
        yield from ((errno.EPERM, name, ((place, bit, bit),)) for name, place in _MODES)
        for name, place in _OPENS:
            # Without one of these there is no mode, only what happens to be in the register.
            for making in (os.O_CREAT, os.O_TMPFILE & ~os.O_DIRECTORY):
                yield errno.EPERM, name, ((place, making, making), (place + 1, bit, bit))


def _families(*, loopback: bool) -> Iterator[_Rule]:
    allowed = {socket.AF_UNIX, *((socket.AF_INET, socket.AF_INET6) if loopback else ())}
    for family in set(range(_HIGHEST_FAMILY)) - allowed:
        yield errno.EPERM, "socket", ((0, _INT, family),)
    for kind in (socket.SOCK_RAW, getattr(socket, "SOCK_PACKET", 10)):
        yield errno.EPERM, "socket", ((1, 0xF, kind),)
