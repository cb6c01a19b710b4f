"""Run a command as nobody: `unprivileged.py COMMAND…`. PostgreSQL refuses root; for anyone else nothing changes.

A program of its own, run by path. Dropping an identity forgets that the process is to die with its parent, so that is
asked for again (prctl(2), PR_SET_PDEATHSIG).
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_NOBODY = 65534


def main() -> None:
    parent = os.getppid()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
        if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
            sys.exit(1)
    os.execv(sys.argv[1], sys.argv[1:])  # the whole purpose


if __name__ == "__main__":
    main()
