"""The system call filter of a jail, as the BPF program that bubblewrap installs (`--seccomp`).

A deny list: what can make namespaces, mounts, kernel objects outside any limit, or reach other processes is refused.
"""

import errno
import os
import socket
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
_UNCOUNTED_MEMORY = "memfd_create memfd_secret shmget shmat shmctl msgget mq_open"
_PAST_THIS_FILTER = "io_uring_setup io_uring_enter io_uring_register"
_REFUSED = f"{_NAMESPACES} {_OTHER_PROCESSES} {_MACHINE} {_UNCOUNTED_MEMORY} {_PAST_THIS_FILTER}".split()

# clone(2): CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NAMESPACE_FLAGS = (0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
_HIGHEST_FAMILY = 46  # AF_MCTP is 45; everything from here on is refused as a range


@cache
def program(*, loopback: bool) -> bytes:
    """The filter for this machine. `loopback` admits IPv4 and IPv6 sockets, for a service in its own network namespace.

    Raises SandboxUnavailable if libseccomp is not installed.
    """
    try:
        import pyseccomp  # noqa: PLC0415 (fails to import where libseccomp is missing)
    except (ImportError, RuntimeError) as missing:
        raise SandboxUnavailable("The sandbox needs libseccomp: install it (Debian: libseccomp2).") from missing
    refuse = pyseccomp.ERRNO(errno.EPERM)
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in _REFUSED:
        # -1: a call newer than the libseccomp installed.
        if (number := pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)) != -1:
            rules.add_rule(refuse, number)
    # Not every architecture passes clone's flags in the same place, but x86-64 and arm64 pass them first.
    for flag in _NAMESPACE_FLAGS:
        rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    # clone3's flags are behind a pointer; ENOSYS makes the C library fall back to clone.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    allowed = {socket.AF_UNIX, *((socket.AF_INET, socket.AF_INET6) if loopback else ())}
    for family in range(_HIGHEST_FAMILY):
        if family not in allowed:
            rules.add_rule(refuse, "socket", pyseccomp.Arg(0, pyseccomp.EQ, family))
    rules.add_rule(refuse, "socket", pyseccomp.Arg(0, pyseccomp.GE, _HIGHEST_FAMILY))
    for kind in (socket.SOCK_RAW, getattr(socket, "SOCK_PACKET", 10)):
        rules.add_rule(refuse, "socket", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xF, kind))
    return _exported(rules)


def _exported(rules: object) -> bytes:
    descriptor = os.memfd_create("seccomp")
    with os.fdopen(descriptor, "rb") as file:
        rules.export_bpf(file)  # type: ignore[attr-defined]  # pyseccomp has no types
        file.seek(0)
        return file.read()
