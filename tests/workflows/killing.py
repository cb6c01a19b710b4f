"""Killing the worker of a queue at a step, from a test."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from domain.runs import BUILD_QUEUE, CLAUDE_QUEUE, DEPLOY_QUEUE, LIFECYCLE_QUEUE
from tests.workflows.world import World

QUEUES = (LIFECYCLE_QUEUE, BUILD_QUEUE, CLAUDE_QUEUE, DEPLOY_QUEUE)


def others(queue: str) -> list[str]:
    return [other for other in QUEUES if other != queue]


async def killed(world: World, queue: str, step: str, when: str, log: Path, *, skip: int = 0) -> None:
    """What waits on `queue` goes on with a worker of its own process until that is killed (see `dying`)."""
    said = {"QUEUE": queue, "STEP": step, "WHEN": when, "SKIP": str(skip)}
    with log.open("wb") as out:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.workflows.dying",
            env={**world.environment, "PATH": "/usr/bin:/bin", **said},
            stdout=out,
            stderr=out,
            cwd=Path(__file__).parents[2],
        )
    try:
        async with asyncio.timeout(120):
            ended = await child.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    assert ended == -signal.SIGKILL, await asyncio.to_thread(log.read_text)
