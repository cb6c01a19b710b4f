"""What tests try to do to us, with the sandbox as the product uses it; nothing of it outlives the call."""

import socket
import uuid

import psutil
import pytest

from adapters.validation.engine import Validation
from domain.reports import TestReport
from tests.contract.sandbox.conftest import quiet

ATTACKS = "tests/test_attacks.py"


async def run_code(checks: Validation, good: dict[str, str], code: str) -> TestReport:
    return await checks.test({**good, ATTACKS: code}, heartbeat=quiet)


def alive(marker: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["cmdline"]) if marker in (process.info["cmdline"] or [])]


async def test_a_fork_bomb_is_stopped(checks: Validation, good: dict[str, str]) -> None:
    marker = uuid.uuid4().hex
    code = f"""import os, subprocess, sys

def test_bomb():
    made = []
    try:
        while len(made) < 500:
            made.append(subprocess.Popen([sys.executable, "-Ic", "import time; time.sleep(600)", "{marker}"]))
    except OSError:
        pass
    assert 10 < len(made) < 64, len(made)
"""
    report = await run_code(checks, good, code)
    assert report.ok, report
    _, left = psutil.wait_procs(alive(marker), timeout=2)
    assert not left


async def test_one_process_cannot_eat_memory(checks: Validation, good: dict[str, str]) -> None:
    report = await run_code(checks, good, "def test_memory():\n    bytearray(600 << 20)\n")
    assert not report.ok
    assert "MemoryError" in report.failures[0].message


async def test_nor_can_several_together(checks: Validation, good: dict[str, str]) -> None:
    code = """import os, time

def test_memory():
    for _ in range(6):
        if os.fork() == 0:
            kept = bytearray(b"x") * (200 << 20)
            time.sleep(600)
    time.sleep(600)
"""
    report = await run_code(checks, good, code)
    assert "512 MiB of memory" in report.error


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
async def test_temporary_folders_have_a_size(checks: Validation, good: dict[str, str], folder: str) -> None:
    code = f"""import errno

import pytest

def test_fill():
    with pytest.raises(OSError) as full:
        for number in range(40):
            with open(f"{folder}/{{number}}", "wb") as file:
                file.write(bytes(1 << 20))
    assert full.value.errno == errno.ENOSPC
"""
    report = await run_code(checks, good, code)
    assert "No space left on device" in report.error  # for the tests' own report: it is the same place


async def test_the_network_is_not_there(checks: Validation, good: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as abstract:
        listener.settimeout(0)
        name = uuid.uuid4().hex
        abstract.bind(f"\0{name}")
        abstract.listen()
        abstract.settimeout(0)
        code = f"""import socket

import httpx
import pytest

def test_internet_sockets():
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK):
        with pytest.raises(OSError):
            socket.socket(family, socket.SOCK_STREAM)

def test_http():
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://127.0.0.1:{listener.getsockname()[1]}/")

def test_abstract_sockets_of_the_host():
    with pytest.raises(OSError), socket.socket(socket.AF_UNIX) as own:
        own.connect("\\0{name}")
"""
        report = await run_code(checks, good, code)
        assert report.ok, report
        for quiet_socket in (listener, abstract):
            with pytest.raises(BlockingIOError):
                quiet_socket.accept()


async def test_the_host_is_not_there(
    checks: Validation,
    good: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.setenv("CCB_SECRET_OF_THE_HOST", "s3cr3t-of-the-host")
    private = tmp_path_factory.mktemp("private") / "file"
    private.write_text("private")
    code = f"""import ctypes
import os
from pathlib import Path

def test_files():
    for path in ("/etc/shadow", "/home", "/var", "/sys", "/root/.ssh", "/root/.cache", "{private}"):
        assert not os.path.exists(path), path

def test_environment():
    seen = b"".join(
        path.read_bytes() for path in Path("/proc").glob("*/environ") if os.access(path, os.R_OK) and readable(path)
    )
    assert b"s3cr3t" not in seen + repr(dict(os.environ)).encode()

def readable(path):
    try:
        path.read_bytes()
    except OSError:
        return False
    return True

def test_processes():
    assert len([name for name in os.listdir("/proc") if name.isdigit()]) < 6

def test_rights():
    status = Path("/proc/self/status").read_text()
    assert "CapEff:\\t0000000000000000" in status
    assert "NoNewPrivs:\\t1" in status
    assert "Seccomp:\\t2" in status
    assert os.getuid() != 0

def test_kernel():
    libc = ctypes.CDLL(None, use_errno=True)
    for flags in (0x10000000, 0x20000, 0x40000000):
        assert libc.unshare(flags) == -1
    assert libc.ptrace(0, 0, 0, 0) == -1
    assert libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == -1
    assert libc.syscall(319, b"x", 0) == -1  # memfd_create
"""
    report = await run_code(checks, good, code)
    assert report.ok, report


async def test_nothing_outside_tmp_can_be_written(checks: Validation, good: dict[str, str]) -> None:
    code = """import os
import sys

import fastapi

def test_write():
    written = []
    roots = ["/", "/usr", "/usr/bin", "/etc", "/dev", "/proc", "/proc/sys/kernel", "/lib", sys.prefix, sys.base_prefix]
    for folder in [*roots, os.getcwd(), os.path.dirname(fastapi.__file__)]:
        try:
            open(f"{folder}/ccb-was-here", "w").close()
        except OSError:
            continue
        written.append(folder)
    for path in (fastapi.__file__, sys.executable, "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", __file__):
        try:
            open(path, "r+b").close()
        except OSError:
            continue
        written.append(path)
    assert written == []
"""
    report = await run_code(checks, good, code)
    assert report.ok, report
