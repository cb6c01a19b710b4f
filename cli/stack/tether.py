"""Run a command that dies with its parent: `tether.py PARENT COMMAND…`. Linux only.

A program of its own, run by path: code between fork and exec in a process that has threads can deadlock.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h; kept over exec


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it ended before we had asked
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  # the whole purpose


if __name__ == "__main__":
    main()
