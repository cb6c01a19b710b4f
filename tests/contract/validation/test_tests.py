"""`test`: what tests do comes back as a report, which is not believed where it lies."""

import uuid

import psutil
import pytest

from adapters.artifacts import FileArtifacts
from adapters.packages import Packages
from adapters.sandbox import Environments, SandboxSettings
from adapters.validation.engine import Validation
from domain.proving import ProvingPolicy
from domain.reports import TestReport
from tests.contract.sandbox.conftest import quiet
from tests.contract.validation.conftest import Files

ATTACKS = "tests/test_attacks.py"


@pytest.fixture
def checks(
    artifacts: FileArtifacts, environments: Environments, packages: Packages, policy: ProvingPolicy
) -> Validation:
    settings = SandboxSettings(memory=512 << 20, tmp_size=16 << 20, cpu=5, seconds=60)
    return Validation(artifacts, environments, packages, [], policy, settings=settings)


@pytest.fixture
def impatient(
    artifacts: FileArtifacts, environments: Environments, packages: Packages, policy: ProvingPolicy
) -> Validation:
    return Validation(artifacts, environments, packages, [], policy, settings=SandboxSettings(seconds=3))


async def run_code(checks: Validation, good: Files, code: str) -> TestReport:
    return await checks.test({**good, ATTACKS: code}, heartbeat=quiet)


def alive(marker: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["cmdline"]) if marker in (process.info["cmdline"] or [])]


async def test_the_good_package_passes(checks: Validation, good: Files, artifacts: FileArtifacts) -> None:
    report = await checks.test(good, heartbeat=quiet)
    assert report.ok, report
    assert (report.passed, report.failed, report.skipped) == (4, 0, 0)
    assert report.report is not None
    assert report.report.media_type == "application/junit+xml"
    assert b"test_an_upstream_error_is_502" in await artifacts.get(report.report)


async def test_failures_are_named_and_bounded(checks: Validation, good: Files) -> None:
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


async def test_tests_that_cannot_be_imported_fail(checks: Validation, good: Files) -> None:
    report = await run_code(checks, good, "import not_there\n")
    assert not report.ok
    assert "not_there" in report.failures[0].message


async def test_no_tests(checks: Validation, good: Files) -> None:
    report = await checks.test({p: t for p, t in good.items() if not p.startswith("tests/")}, heartbeat=quiet)
    assert not report.ok
    assert "no tests" in report.error


async def test_a_crash(checks: Validation, good: Files) -> None:
    report = await run_code(checks, good, "import os\n\ndef test_x():\n    os.abort()\n")
    assert not report.ok
    assert "signal 6" in report.error


async def test_a_hang_ends_with_all_its_processes(impatient: Validation, good: Files) -> None:
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


async def test_an_endless_loop_meets_the_limit_of_cpu(checks: Validation, good: Files) -> None:
    report = await run_code(checks, good, "def test_loop():\n    while True:\n        pass\n")
    assert "killed by signal" in report.error
    assert "5 s of CPU" in report.error


async def test_a_flood_of_output_is_bounded(checks: Validation, good: Files) -> None:
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
async def test_a_hostile_report_is_not_believed(checks: Validation, good: Files, report: bytes, words: str) -> None:
    short = report if len(report) < 10_000 else b""
    make = repr(short) if short else "b'<testsuites>' + b' ' * (5 << 20) + b'</testsuites>'"
    code = f"""import os

def test_report():
    with open("/tmp/ccb-report.xml", "wb") as file:
        file.write({make})
    os._exit(0)
"""
    result = await run_code(checks, good, code)
    assert not result.ok
    assert any(word in result.error for word in words.split("|")), result.error
