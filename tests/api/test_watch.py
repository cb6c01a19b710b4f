"""`ccb watch` as people run it."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from api.wiring import ProcessSettings
from domain.people import Role
from tests.api.test_runs import a_run
from tests.api.watching import approve, found, say
from tests.api.world import World, environment_of
from tests.servers import free_ports, process, ready


@asynccontextmanager
async def api_process(settings: ProcessSettings, port: int, log: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    """The API as a process of its own, over the same database."""
    with process([sys.executable, "-m", "api"], log=log, environment=environment_of(settings, port)) as child:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:

            async def up() -> None:
                (await client.get("/health/live")).raise_for_status()

            await ready(up, child, log, httpx.HTTPError)
        yield child


@asynccontextmanager
async def ccb_watch(world: World, name: str, port: int, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    key = await world.key(Role.VIEWER)
    child = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "ccb",
        "watch",
        name,
        *options,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "CCB_API_KEY": key, "CCB_API_URL": f"http://127.0.0.1:{port}", "COLUMNS": "200"},
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def test_ccb_watch_goes_on_over_an_api_that_is_killed_and_one_that_is_told_to_end(
    world: World, settings: ProcessSettings, tmp_path: Path
):
    name = await a_run(world, "killed")
    (port,) = free_ports(1)
    lines: list[dict[str, Any]] = []

    async def read(text: str = "") -> None:
        assert watch.stdout is not None
        async with asyncio.timeout(30):
            async for line in watch.stdout:
                lines.append(json.loads(line))
                if text and lines[-1]["data"].get("text") == text:
                    return

    await say(world, name, "turn", "text", text="before")
    async with (
        api_process(settings, port, tmp_path / "1") as api,
        ccb_watch(world, name, port, "--json", "--from-start") as watch,
    ):
        await read("before")
        api.kill()
        await asyncio.to_thread(api.wait, 10)
        await say(world, name, "text", text="while it was away")
        async with api_process(settings, port, tmp_path / "2") as other:
            await say(world, name, "text", text="after")
            await read("after")
            # It is told to end while somebody watches, and does not wait for the watcher.
            other.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(other.wait, 4) == 0
        await say(world, name, "end")
        async with api_process(settings, port, tmp_path / "3"):
            await approve(world, name)
            await read()
            assert await watch.wait() == 0
    assert [line["data"]["text"] for line in lines if line["event"] == "text"] == [
        "before",
        "while it was away",
        "after",
    ]
    assert [line["event"] for line in lines].count("end") == 1
    sequences = [line["data"]["sequence"] for line in lines if "sequence" in line["data"]]
    assert sequences == list(range(1, 9))
    assert lines[-1]["event"] == "settled"


async def test_ccb_watch_ends_with_1_when_the_run_fails_and_when_there_is_none(world: World):
    name = await a_run(world, "failing")
    await say(world, name, "turn", "tool", text="")
    await say(world, name, "tool", text='{"path": "tests/te')
    await say(world, name, "tool", text='st_app.py", "content": "')
    await say(world, name, "result", text="Written.\nmore")
    assert (await world.ccb("abandon", name, "--reason", "not wanted")).code == 0
    ran = await world.ccb("watch", name)
    assert ran.code == 1, ran
    for words in ("turn 1", "→ write_file tests/test_app.py", "✓ write_file: Written.", "not wanted", "failed"):
        assert words in ran.out
    assert (await world.ccb("watch", name, "--json")).code == 1
    nobody = await world.ccb("watch", "no-such-thing")
    assert (nobody.code, nobody.out) == (2, "")


async def test_ctrl_c_leaves_the_run_alone(world: World):
    name = await a_run(world, "left")
    port = int(world.url.rpartition(":")[2])
    async with ccb_watch(world, name, port) as watch:
        assert watch.stdout is not None
        async with asyncio.timeout(30):
            await watch.stdout.readline()
            watch.send_signal(signal.SIGINT)
            _, err = await watch.communicate()
    assert watch.returncode == 130
    assert "the run goes on" in err.decode()
    assert "Traceback" not in err.decode()
    assert (await found(world, name)).stage == "reviewing"
