"""Run a command in a jail to its end, watched."""

import asyncio
import contextlib
import time
from asyncio import StreamReader
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.sandbox.jail import Jail, spawn
from adapters.sandbox.usage import held

_LOOK = 0.25
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Completed:
    """How a command ended.

    `truncated`: it wrote more than `max_output` to a stream, of which the rest was dropped. `out_of_memory`: it was
    ended because its processes together held more than the limit; one alone is refused what is over it.
    """

    returncode: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    out_of_memory: bool
    truncated: bool


async def run(
    jail: Jail,
    command: Sequence[str],
    *,
    timeout: float,
    heartbeat: Callable[[str], None],
    stdin: bytes | None = None,
    max_output: int = 1 << 20,
    label: str = "",
) -> Completed:
    """Run to the end, to `timeout` seconds, or until its processes together hold more than the limit of memory.

    `heartbeat` is called about every second. Nothing of the jail outlives the call, cancelled or not.
    """
    process = await spawn(jail, command, stdin=DEVNULL if stdin is None else PIPE, stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 (asked for above)
    watch = asyncio.create_task(_watch(process, jail, timeout=timeout, heartbeat=heartbeat, label=label))
    try:
        (stdout, cut_out), (stderr, cut_err), _ = await asyncio.gather(
            _read(process.stdout, max_output), _read(process.stderr, max_output), _feed(process, stdin)
        )
        returncode = await process.wait()
    finally:
        watch.cancel()
        _kill(process)
    ended = await asyncio.gather(watch, return_exceptions=True)
    reason = ended[0] if isinstance(ended[0], str) else ""
    if isinstance(ended[0], Exception):
        raise ended[0]
    return Completed(
        returncode=returncode,
        stdout=stdout,
        stderr=stderr,
        timed_out=reason == "timeout",
        out_of_memory=reason == "memory",
        truncated=cut_out or cut_err,
    )


async def _watch(process: Process, jail: Jail, *, timeout: float, heartbeat: Callable[[str], None], label: str) -> str:
    started = beaten = time.monotonic()
    try:
        while True:
            await asyncio.sleep(_LOOK)
            now = time.monotonic()
            if now - started > timeout:
                return "timeout"
            if held(process.pid) > jail.limits.memory:
                return "memory"
            if now - beaten >= 1:
                heartbeat(f"{label or 'sandbox'} {now - started:.0f} s")
                beaten = now
    finally:
        _kill(process)


async def _read(stream: StreamReader, limit: int) -> tuple[bytes, bool]:
    kept = bytearray()
    truncated = False
    while chunk := await stream.read(_CHUNK):
        room = limit - len(kept)
        truncated = truncated or len(chunk) > room
        kept += chunk[:room]
    return bytes(kept), truncated


async def _feed(process: Process, data: bytes | None) -> None:
    if process.stdin is None or data is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


def _kill(process: Process) -> None:
    """End bubblewrap; the kernel then ends its process namespace, so nothing inside can be missed."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
