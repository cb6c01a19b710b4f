"""How a supervisor ends, and what the next one finds."""

import json
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from cli.stack import Part, PartState, Stack
from cli.stack.errors import StackRefused
from cli.stack.leftovers import MARK, Record
from tests.unit.cli.conftest import Events, Supervisor, alive, gone, group_of, until

Start = Callable[..., Awaitable[Supervisor]]
StackOf = Callable[..., Stack]
Bystander = Callable[..., subprocess.Popen[bytes]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_all_of_it(supervisors: Start, number: signal.Signals) -> None:
    supervisor = await supervisors()
    await supervisor.until("all ready")
    assert len(supervisor.pids) == 2
    supervisor.process.send_signal(number)
    assert await supervisor.ended() == 0
    assert not [pid for pid in supervisor.pids if alive(pid)]


async def test_a_signal_while_starting_ends_all_of_it(supervisors: Start) -> None:
    supervisor = await supervisors("late")
    await supervisor.until("server-1 starting")
    recorded = supervisor.data_dir / "processes.json"
    await until(lambda: recorded.exists() and len(json.loads(recorded.read_text())) == 2)
    pids = [pid for pid, _ in json.loads(recorded.read_text()).values()]
    supervisor.process.send_signal(signal.SIGINT)
    assert await supervisor.ended() == 0
    assert not [pid for pid in pids if alive(pid)]


async def test_a_killed_supervisor_takes_its_parts_along(supervisors: Start) -> None:
    supervisor = await supervisors("stubborn")
    await supervisor.until("all ready")
    supervisor.process.kill()
    await supervisor.ended()
    await gone(*supervisor.pids)
    again = await supervisors(data_dir=supervisor.data_dir)  # the lock went with it
    await again.until("all ready")


async def test_what_a_killed_supervisor_left_is_ended_at_the_next_start(supervisors: Start) -> None:
    """A grandchild is not tied to the supervisor; the record and its mark find it."""
    supervisor = await supervisors("parent")
    await supervisor.until("all ready")
    everyone = [pid for leader in supervisor.pids for pid in group_of(leader)]
    assert len(everyone) == 4
    supervisor.process.kill()
    await supervisor.ended()
    await gone(*supervisor.pids)
    left = [pid for pid in everyone if alive(pid)]
    assert len(left) == 2
    again = await supervisors(data_dir=supervisor.data_dir)
    await again.until("all ready")
    assert not [pid for pid in left if alive(pid)]


async def test_only_ours_are_ended(
    stack_of: StackOf, bystander: Bystander, tmp_path: Path, script: Callable[..., Part]
) -> None:
    ours, reused, unmarked = (
        bystander(**{MARK: str(tmp_path)}),
        bystander(),
        bystander("import os, time\nif os.fork():\n    print('forked', flush=True)\nelse:\n    time.sleep(600)"),
    )
    assert unmarked.stdout is not None
    unmarked.stdout.readline()
    (orphan,) = [pid for pid in group_of(unmarked.pid) if pid != unmarked.pid]
    unmarked.wait()
    started = psutil.Process(ours.pid).create_time()
    recorded = {"a": [ours.pid, started], "b": [reused.pid, started - 1000], "c": [unmarked.pid, started]}
    (tmp_path / "processes.json").write_text(json.dumps(recorded))
    async with stack_of(script("x", "", once=True)):
        assert not alive(ours.pid)
        assert alive(reused.pid)  # the pid is used by another process now
        assert alive(orphan)  # the group is, but nothing says that it is this stack's
    os.kill(orphan, signal.SIGKILL)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": ["x", 1]}', "\x00"])
def test_a_damaged_record_is_no_obstacle(tmp_path: Path, text: str) -> None:
    (tmp_path / "processes.json").write_text(text)
    assert Record(tmp_path).end_leftovers() == []


async def test_a_second_stack_in_the_directory_is_refused(
    stack_of: StackOf, script: Callable[..., Part], tmp_path: Path, events: Events
) -> None:
    part = script("a", "", once=True)
    async with stack_of(part):
        before = len(events.all)
        with pytest.raises(StackRefused, match=rf"A stack already runs in {tmp_path} \(process {os.getpid()}\)"):
            async with stack_of(part):
                pytest.fail("it must not come up")
        assert len(events.all) == before
    async with stack_of(part):
        assert events.all[-1].state is PartState.DONE


async def test_a_second_process_is_refused_with_the_pid_of_the_first(supervisors: Start) -> None:
    first = await supervisors()
    await first.until("all ready")
    second = await supervisors(data_dir=first.data_dir)
    _, said = await second.process.communicate()
    assert second.process.returncode == 1
    assert f"(process {first.process.pid})" in said.decode()
    assert all(alive(pid) for pid in first.pids)
