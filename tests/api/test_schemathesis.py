"""Whatever the document admits, sent by each role: the answers are those that it declares, and none is ours to blame.

Here with a few examples of each operation; `python -m tests.api.fuzz` tries more, and in more ways.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.wiring import ProcessSettings
from domain.people import Role
from tests.api.conftest import FUZZED
from tests.api.fuzzing import fuzzed
from tests.api.world import World

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1"))
PHASES = os.environ.get("FUZZ_PHASES", "examples,fuzzing")
SEED = os.environ.get("FUZZ_SEED", "20261123")
LONGEST = float(os.environ.get("FUZZ_SECONDS", "220"))
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
async def tried(settings: ProcessSettings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with fuzzed(settings, tmp_path_factory.mktemp("fuzzed"), FUZZED) as world:
        # Made once, on first request; on a busy machine that is longer than schemathesis waits.
        async with world.client(None) as api:
            assert (await api.get("/openapi.json", timeout=120)).status_code == 200
        yield world


@pytest.mark.timeout(LONGEST + 20)
@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role or "nobody")
async def test_every_answer_is_as_declared(tried: World, role: Role | None, tmp_path: Path):
    told = (HERE / "schemathesis.toml").read_text()
    if role is not None:
        told += f'\n[auth.openapi.Bearer]\nbearer = "{await tried.key(role)}"\n'
    config = tmp_path / "schemathesis.toml"
    config.write_text(told)
    command = ["--config-file", config, "run", f"{tried.url}/openapi.json", "--checks", "all"]
    command += ["--phases", PHASES, "--max-examples", str(EXAMPLES), "--seed", SEED, "--no-color"]
    child = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "schemathesis",
        *command,
        cwd=HERE.parents[1],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(HERE.parents[1]), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(LONGEST):
            out, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode == 0, out.decode()
    assert "Tested: 1" in out.decode() or "Tested: 2" in out.decode(), "hardly anything was tried"
