"""The data directory: one stack at a time in it, room on its disk, files that only their owner can read."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.stack.errors import StackRefused

MIN_FREE_BYTES = 500_000_000
"""A full disk stops the database in the middle of things; this is about a day of work."""


def prepared(path: Path, *, min_free: int = MIN_FREE_BYTES) -> Path:
    """The directory, absolute and made if need be. Raises StackRefused if it cannot be written or its disk is full."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = path.resolve()
        (path / "logs").mkdir(exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(b"x")
            probe.flush()
        free = shutil.disk_usage(path).free
    except OSError as error:
        raise StackRefused(
            f"The data directory {path} cannot be written ({error.strerror}): choose another with --data-dir."
        ) from error
    if free < min_free:
        raise StackRefused(
            f"The disk of {path} has {free / 1e6:.0f} MB left and {min_free / 1e6:.0f} are needed: make room, "
            "or choose another with --data-dir."
        )
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the directory. Raises StackRefused, naming who holds it. The system lets go of it however we end."""
    with (path / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read(20).strip()
            who = f" (process {holder})" if holder.isdigit() else ""
            raise StackRefused(
                f"A stack already runs in {path}{who}: use it, end it, or choose another directory with --data-dir."
            ) from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
