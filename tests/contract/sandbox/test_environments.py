"""Environments: what they hold, what they refuse, and that a crash or a rival in the middle does no harm."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from importlib.metadata import version
from pathlib import Path

import pytest

from adapters.sandbox import Environments, Jail, run
from domain.errors import InvalidInput
from domain.manifest import REQUIREMENTS
from tests.contract.sandbox.conftest import quiet

ROOT = Path(__file__).parents[3]


def folders(root: Path) -> list[str]:
    return [path.name for path in root.iterdir() if path.is_dir()]


async def build_elsewhere(root: Path, before: str = "") -> Process:
    code = f"""
import asyncio, sys
from pathlib import Path
from adapters.sandbox import Environments
{before}
print(asyncio.run(Environments(Path(sys.argv[1])).ensure(["httpx"], tools=False)))
"""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(root), stdin=PIPE, stdout=PIPE, cwd=ROOT, env=dict(os.environ)
    )


async def test_a_deployments_own_environment_imports_and_has_our_versions(
    environments: Environments, tmp_path: Path
) -> None:
    folder = await environments.install(REQUIREMENTS, tmp_path / "d" / "venv")
    code = "import fastapi, httpx, pydantic, uvicorn, sys; print(fastapi.__version__, httpx.__version__, sys.prefix)"
    command = [str(folder / "bin" / "python"), "-c", code]
    done = await run(Jail(read_only={folder: str(folder)}), command, timeout=30, heartbeat=quiet)
    assert done.stdout.decode().split() == [version("fastapi"), version("httpx"), str(folder)], done


async def test_it_holds_no_more_than_asked_for(environments: Environments) -> None:
    folder = await environments.ensure(["httpx"], tools=False)
    names = {path.name for path in next(folder.glob("lib/python*/site-packages")).iterdir()}
    assert {"httpx", "anyio"} <= names
    assert not {"temporalio", "sqlalchemy", "anthropic", "pytest", "fastapi"} & names


@pytest.mark.parametrize(
    "wanted", ["requests", "httpx==0.1", "httpx @ https://evil.example/x.whl", "httpx[http2]", "-e ."]
)
async def test_what_is_not_admitted_is_named(environments: Environments, wanted: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await environments.ensure([wanted], tools=False)
    assert wanted in refused.value.message


async def test_rivals_build_it_once(tmp_path: Path) -> None:
    rivals = [await build_elsewhere(tmp_path) for _ in range(3)]
    told = {(await rival.communicate())[0] for rival in rivals}
    assert len(told) == 1
    assert all(rival.returncode == 0 for rival in rivals)
    assert len(folders(tmp_path)) == 1


async def test_a_builder_killed_in_the_middle_is_replaced(tmp_path: Path) -> None:
    stop = """
def halt(event, arguments):
    if event == "subprocess.Popen":
        print("halfway", flush=True)
        sys.stdin.read()
sys.addaudithook(halt)
"""
    builder = await build_elsewhere(tmp_path, stop)
    assert builder.stdout is not None
    assert await builder.stdout.readline() == b"halfway\n"
    assert [name for name in folders(tmp_path) if name.endswith(".tmp")]
    builder.send_signal(signal.SIGKILL)
    await builder.wait()
    folder = await Environments(tmp_path).ensure(["httpx"], tools=False)
    assert folders(tmp_path) == [folder.parent.name]
