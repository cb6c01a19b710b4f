"""The corpus: hostile programs, what each tries, and what it must find that it could and could not do."""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from adapters.sandbox import Completed, Jail, Limits, run

HERE = Path(__file__).parent
LIMITS = Limits(memory=192 << 20, cpu=10, processes=24, open_files=64, file_size=4 << 20, tmp_size=16 << 20)
MAX_OUTPUT = 100_000
SECRET = "canary-4f1c9a7be2"
PYTHON = str(Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}"))


class Program(BaseModel):
    """One row. `program` is Python after prelude.py, or a shell's with `shell`.

    `could` is what the report must say. `could_not` names what must have been refused, with one of `refused_with`.
    `at_most` bounds numbers of the report. `ends` says how the jail must end; a program that is ended reports nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    tries: str
    program: str
    shell: bool = False
    loopback: bool = False
    limits: dict[str, int] = {}
    timeout: float = 20
    ends: str = "ok"
    returncode: int | None = None
    could: dict[str, Any] = {}
    could_not: list[str] = []
    refused_with: list[str] = ["EPERM"]
    at_most: dict[str, int] = {}
    machine: str | None = None


@dataclass(frozen=True)
class Contained:
    """What became of a program, by the jail's word (`ends`), its own (`report`), and the clock's."""

    ends: str
    returncode: int
    report: dict[str, Any]
    output: int
    stderr: str
    seconds: float


def corpus() -> list[Program]:
    """All programs, by file and place."""
    return [
        Program.model_validate({"id": f"{path.stem}-{row.pop('id')}", **row})
        for path in sorted((HERE / "corpus").glob("*.yaml"))
        for row in yaml.safe_load(path.read_text())
    ]


async def contained(program: Program, outside: dict[str, Any], workspace: Path) -> Contained:
    """Run it in a jail as those of generated code are: a read-only workspace, and nothing else."""
    jail = Jail(
        read_only={workspace: "/workspace"},
        environment={"PATH": "/usr/bin:/bin", "HOME": "/tmp", "ONLY": "this"},
        directory="/workspace",
        limits=replace(LIMITS, **program.limits),
        loopback=program.loopback,
    )
    given = json.dumps(outside)
    text = f"{(HERE / 'prelude.py').read_text()}\n{program.program}\ntell()\n"
    command = ["/bin/bash", "-c", program.program, "hostile", str(outside["tcp"])]
    if not program.shell:
        command = [PYTHON, "-I", "-S", "-c", text, given]
    began = monotonic()
    done = await run(jail, command, timeout=program.timeout, heartbeat=lambda _: None, max_output=MAX_OUTPUT)
    return Contained(
        ends=_ends(done),
        returncode=done.returncode,
        report=_report(done),
        output=max(len(done.stdout), len(done.stderr)),
        stderr=done.stderr[-2000:].decode(errors="replace"),
        seconds=monotonic() - began,
    )


def _ends(done: Completed) -> str:
    if done.timed_out:
        return "timed_out"
    if done.out_of_memory:
        return "out_of_memory"
    if done.truncated:
        return "truncated"
    return "ok" if done.returncode == 0 else "failed"


def _report(done: Completed) -> dict[str, Any]:
    lines = [] if done.truncated else done.stdout.splitlines()
    if not lines or not lines[-1].startswith(b"{"):
        return {}
    found: dict[str, Any] = json.loads(lines[-1])
    return found
