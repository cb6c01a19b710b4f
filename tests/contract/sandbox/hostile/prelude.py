"""Runs inside the jail, before each program of the corpus: what it tries is told in one line of JSON at its end.

`tried(name, action)` records under `name` what became of an action: the name of its error, what it returned, or "done".
"""

import ctypes
import errno
import json
import os
import socket
import subprocess
import sys
import time  # noqa: F401 - the programs use it

outside = json.loads(sys.argv[1])
report = {}
_libc = ctypes.CDLL(None, use_errno=True)
_x86 = os.uname().machine == "x86_64"
_new = {
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432, "pidfd_open": 434, "clone3": 435,
    "openat2": 437, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442, "memfd_secret": 447,
    "io_uring_setup": 425,
}  # fmt: skip
_numbers = {  # x86-64 and arm64
    "mount": (165, 40), "umount2": (166, 39), "unshare": (272, 97), "setns": (308, 268), "pivot_root": (155, 41),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "memfd_create": (319, 279), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "reboot": (169, 142),
    "syslog": (103, 116), "swapon": (167, 224), "acct": (163, 89), "quotactl": (179, 60), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "sethostname": (170, 161), "setdomainname": (171, 162),
    "personality": (135, 92), "fanotify_init": (300, 262), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
    "mq_open": (240, 180), "clone": (56, 220), "capset": (126, 91), "mlock": (149, 228), "kill": (62, 129),
    "seccomp": (317, 277), "ioprio_set": (251, 30),
}  # fmt: skip


def syscall(name, *arguments):
    number = _new.get(name) or _numbers[name][0 if _x86 else 1]
    done = _libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if done < 0:
        raise OSError(ctypes.get_errno(), name)


def prctl(*arguments):
    if _libc.prctl(*map(ctypes.c_ulong, arguments)) < 0:
        raise OSError(ctypes.get_errno(), "prctl")


def tried(name, action):
    try:
        found = action()
    except subprocess.SubprocessError as error:
        found = type(error).__name__
    except socket.gaierror:
        found = "gaierror"
    except OSError as error:
        found = errno.errorcode.get(error.errno, str(error))
    except (MemoryError, RuntimeError, ValueError) as error:
        found = type(error).__name__
    report[name] = "done" if found is None else found


def read(path):
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(1 << 20).decode(errors="replace")


def write(path, text="hostile"):
    with open(path, "w") as file:  # noqa: PTH123
        file.write(text)


def connect(family, kind, address):
    with socket.socket(family, kind) as made:
        made.settimeout(1)
        made.connect(address)
        made.send(b"hostile")


def again(action, most=100_000):
    """How often it could be done before it failed; the failure is the next thing recorded."""
    for number in range(most):
        try:
            action()
        except (OSError, MemoryError, RuntimeError) as error:
            name = errno.errorcode.get(error.errno, "") if isinstance(error, OSError) else type(error).__name__
            report["stopped_by"] = name
            return number
    report["stopped_by"] = "nothing"
    return most


def tell():
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()
