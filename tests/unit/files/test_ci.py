""".ci/run: the README's test command, its own exit code, and a summary, also when a step fails."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / ".ci" / "run"


def run(folder: Path, uv: str) -> subprocess.CompletedProcess[str]:
    """Run it with a `uv` that does what `uv` says, in shell."""
    stand_in = folder / "uv"
    stand_in.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n{uv}\n')
    stand_in.chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=30)


def test_every_step_is_run_and_told(tmp_path: Path) -> None:
    done = run(tmp_path, "exit 0")
    assert done.returncode == 0, done.stdout + done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[0] == "sync --locked"
    assert calls[-1] == "run pytest"
    for tool in ("ruff format --check .", "ruff check .", "mypy", "lint-imports"):
        assert f"run --no-sync {tool}" in calls
    for call in calls:
        assert f"$ uv {call}\n" in done.stdout
        assert f"  uv {call}\n" in done.stdout.partition("seconds  step")[2]


def test_it_stops_at_the_step_that_fails_with_its_code(tmp_path: Path) -> None:
    done = run(tmp_path, '[ "$3" != ruff ] || [ "$4" != check ] || exit 3')
    assert done.returncode == 3
    assert "FAILED (exit code 3): uv run --no-sync ruff check ." in done.stdout
    assert "run pytest" not in (tmp_path / "calls").read_text()


def test_a_failure_of_the_tests_is_a_failure(tmp_path: Path) -> None:
    assert run(tmp_path, '[ "$2" != pytest ] || exit 1').returncode == 1


def test_its_last_step_is_the_readmes_command() -> None:
    last = [line for line in SCRIPT.read_text().splitlines() if line.startswith("step ")][-1]
    assert last == "step uv run pytest"
    assert "pip install uv && uv run pytest\n" in (ROOT / "README.md").read_text()
