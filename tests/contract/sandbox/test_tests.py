"""`test`: what tests do, or try to do to us, comes back as a report; nothing of it outlives the call."""

import socket
import uuid

import psutil
import pytest

from adapters.artifacts import FileArtifacts
from adapters.validation.engine import SandboxChecks
from domain.reports import TestReport
from tests.contract.sandbox.conftest import quiet

ATTACKS = "tests/test_attacks.py"


async def run_code(checks: SandboxChecks, good: dict[str, str], code: str) -> TestReport:
    return await checks.test({**good, ATTACKS: code}, heartbeat=quiet)


def alive(marker: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["cmdline"]) if marker in (process.info["cmdline"] or [])]


async def test_the_good_package_passes(checks: SandboxChecks, good: dict[str, str], artifacts: FileArtifacts) -> None:
    report = await checks.test(good, heartbeat=quiet)
    assert report.ok, report
    assert (report.passed, report.failed, report.skipped) == (4, 0, 0)
    assert report.report is not None
    assert report.report.media_type == "application/junit+xml"
    assert b"test_an_upstream_error_is_502" in await artifacts.get(report.report)


async def test_failures_are_named_and_bounded(checks: SandboxChecks, good: dict[str, str]) -> None:
    code = (
        "import pytest\n\ndef test_no():\n    assert 'x' * 90000 == 'y'\n\n@pytest.mark.skip\ndef test_s():\n    pass\n"
    )
    report = await run_code(checks, good, code)
    assert (report.passed, report.failed, report.skipped) == (4, 1, 1)
    assert not report.ok
    (failure,) = report.failures
    assert failure.name == "tests.test_attacks::test_no"
    assert "assert" in failure.message
    assert len(failure.message) <= 2000


async def test_tests_that_cannot_be_imported_fail(checks: SandboxChecks, good: dict[str, str]) -> None:
    report = await run_code(checks, good, "import not_there\n")
    assert not report.ok
    assert "not_there" in report.failures[0].message


async def test_no_tests(checks: SandboxChecks, good: dict[str, str]) -> None:
    report = await checks.test({p: t for p, t in good.items() if not p.startswith("tests/")}, heartbeat=quiet)
    assert not report.ok
    assert "no tests" in report.error


async def test_a_crash(checks: SandboxChecks, good: dict[str, str]) -> None:
    report = await run_code(checks, good, "import os\n\ndef test_x():\n    os.abort()\n")
    assert not report.ok
    assert "signal 6" in report.error


async def test_a_hang_ends_with_all_its_processes(impatient: SandboxChecks, good: dict[str, str]) -> None:
    marker = uuid.uuid4().hex
    code = f"""import subprocess, sys, time

def test_hang():
    for _ in range(5):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{marker}"], start_new_session=True)
    time.sleep(600)
"""
    beats: list[str] = []
    report = await impatient.test({**good, ATTACKS: code}, heartbeat=beats.append)
    assert "did not end within 3 s" in report.error
    assert not report.ok
    assert len(beats) >= 2
    _, left = psutil.wait_procs(alive(marker), timeout=2)
    assert not left


async def test_an_endless_loop_meets_the_limit_of_cpu(checks: SandboxChecks, good: dict[str, str]) -> None:
    report = await run_code(checks, good, "def test_loop():\n    while True:\n        pass\n")
    assert "killed by signal" in report.error
    assert "5 s of CPU" in report.error


async def test_a_fork_bomb_is_stopped(checks: SandboxChecks, good: dict[str, str]) -> None:
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


async def test_one_process_cannot_eat_memory(checks: SandboxChecks, good: dict[str, str]) -> None:
    report = await run_code(checks, good, "def test_memory():\n    bytearray(600 << 20)\n")
    assert not report.ok
    assert "MemoryError" in report.failures[0].message


async def test_nor_can_several_together(checks: SandboxChecks, good: dict[str, str]) -> None:
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
async def test_temporary_folders_have_a_size(checks: SandboxChecks, good: dict[str, str], folder: str) -> None:
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
    if folder == "/tmp":
        assert report.ok, report
    else:
        assert "no usable report" in report.error  # the report's own place is full


async def test_the_network_is_not_there(checks: SandboxChecks, good: dict[str, str]) -> None:
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
    checks: SandboxChecks,
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


async def test_nothing_outside_tmp_can_be_written(checks: SandboxChecks, good: dict[str, str]) -> None:
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


async def test_a_flood_of_output_is_bounded(checks: SandboxChecks, good: dict[str, str]) -> None:
    code = "import sys\n\ndef test_flood():\n    for _ in range(100):\n        sys.stdout.write('x' * (1 << 20))\n"
    report = await run_code(checks, good, code)
    assert not report.ok
    assert report.report is None or report.report.size < 1 << 20
    assert len(report.model_dump_json()) < 10_000


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ((LAUGHS + "]><testsuites>&i;</testsuites>").encode(), "document type"),
        ((LAUGHS + "]><testsuites>&i;</testsuites>").encode("utf-16"), "codec"),
        (b"<testsuites>", "not XML"),
        (b"\xff\xfe\x00", "codec"),
        (b"<testsuites>" + b" " * (5 << 20) + b"</testsuites>", "not XML"),
        (b"<testsuites/>", "names no failure|disagrees"),
    ],
    ids=["laughs", "laughs-utf16", "cut-off", "binary", "huge", "empty"],
)
async def test_a_hostile_report_is_not_believed(
    checks: SandboxChecks, good: dict[str, str], report: bytes, words: str
) -> None:
    short = report if len(report) < 10_000 else b""
    make = repr(short) if short else "b'<testsuites>' + b' ' * (5 << 20) + b'</testsuites>'"
    code = f"""import os

def test_report():
    with open("/dev/shm/report.xml", "wb") as file:
        file.write({make})
    os._exit(0)
"""
    result = await run_code(checks, good, code)
    assert not result.ok
    assert any(word in result.error for word in words.split("|")), result.error
