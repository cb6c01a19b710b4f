"""Environments: what they hold, what they do not, and that a crash or a rival in the middle does no harm."""

import asyncio
import base64
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from adapters.packages import Packages
from adapters.sandbox import Completed, Environments, Jail, run
from domain.errors import Corrupted
from domain.packages import Lock
from simulators.kit import Simulators
from tests.contract.packages.conftest import settings, wheel
from tests.contract.sandbox.conftest import quiet

ROOT = Path(__file__).parents[3]
TOOLS = ("yaml", "bandit", "rich", "detect_secrets", "mypy", "requests", "temporalio", "sqlalchemy", "anthropic", "uv")


def folders(root: Path) -> list[str]:
    return [path.name for path in root.iterdir() if path.is_dir()]


async def python(folder: Path, code: str, *mounts: Path) -> Completed:
    """Run code in a jail with the environment's interpreter."""
    jail = Jail(read_only={path: str(path) for path in (folder, *mounts)})
    return await run(jail, [f"{folder}/bin/python", "-c", code], timeout=30, heartbeat=quiet)


async def build_elsewhere(packages: Path, environments: Path, lock: Lock, before: str = "") -> Process:
    """A process that builds, with no index that it could reach."""
    code = f"""
import asyncio, sys
from pathlib import Path
from adapters.packages import Packages, PackageSettings
from adapters.sandbox import Environments
from domain.packages import Lock
packages, environments, lock = sys.argv[1:]
{before}
made = Environments(Path(environments), Packages(Path(packages), PackageSettings()))
print(asyncio.run(made.ensure(Lock.model_validate_json(lock), testing=False)))
"""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, str(packages), str(environments), lock.model_dump_json()),
        stdin=PIPE,
        stdout=PIPE,
        cwd=ROOT,
        env={**os.environ, "UV_DEFAULT_INDEX": "http://127.0.0.1:1/simple"},
    )


async def test_a_deployments_own_environment_has_the_locked_versions(
    environments: Environments, lock: Lock, tmp_path: Path
) -> None:
    folder = await environments.install(lock, tmp_path / "d" / "venv")
    code = """
import sys, fastapi, httpx, pydantic, uvicorn
from importlib.metadata import distributions
print(sys.prefix, *sorted(f"{found.name.lower().replace('_', '-')}=={found.version}" for found in distributions()))
"""
    done = await python(folder, code)
    prefix, *found = done.stdout.decode().split()
    assert prefix == str(folder), done
    assert found == sorted(f"{package.name}=={package.version}" for package in lock.packages)


async def test_generated_code_cannot_import_our_tools(environments: Environments, lock: Lock, tmp_path: Path) -> None:
    tried = f"""
import importlib, importlib.util
found = [name for name in {TOOLS!r} if importlib.util.find_spec(name)]
print(found, bool(importlib.util.find_spec("pytest")), bool(importlib.util.find_spec("fastapi")))
"""
    testing = await python(await environments.ensure(lock, testing=True), tried)
    deployed = await python(await environments.install(lock, tmp_path / "venv"), tried)
    assert testing.stdout == b"[] True True\n", testing
    assert deployed.stdout == b"[] False True\n", deployed


async def test_our_tools_run_from_their_own_environment(environments: Environments, lock: Lock) -> None:
    tools, folder = await environments.tools(), await environments.ensure(lock, testing=True)
    settings = folder.parent / "mypy.ini"
    code = f"""
import subprocess
python = "{tools}/bin/python"
subprocess.run(["{tools}/bin/ruff", "--version"], check=True)
subprocess.run([python, "-I", "-m", "bandit", "--version"], check=True)
subprocess.run([python, "-I", "-c", "import detect_secrets"], check=True)
open("/tmp/typed.py", "w").write(
    "import fastapi, pydantic, pytest\\nclass M(pydantic.BaseModel):\\n    size: int\\nM(size='7')\\nx: int = 'x'\\n"
)
mypy = [python, "-I", "-m", "mypy", "--python-executable", "{folder}/bin/python", "--config-file", "{settings}"]
subprocess.run([*mypy, "--cache-dir", "/tmp/c", "/tmp/typed.py"])
"""
    done = await python(folder, code, tools, settings)
    said = done.stdout.decode()
    # What pydantic would convert is an error without its plugin.
    assert "typed.py:5: error: Incompatible types in assignment" in said, done
    assert "Found 1 error" in said, done


async def test_nobody_but_us_may_write_to_it(environments: Environments, lock: Lock) -> None:
    folder = await environments.ensure(lock, testing=False)
    wrong = [
        path
        for path in folder.rglob("*")
        if not path.is_symlink() and (path.stat().st_uid != os.getuid() or path.stat().st_mode & 0o022)
    ]
    assert wrong == []
    assert list(folder.rglob("fastapi/__pycache__/applications.*.pyc"))


async def test_it_is_installed_without_a_network_and_without_running_a_package(
    simulators: Simulators, tmp_path: Path
) -> None:
    """A `.pth` file runs code as an interpreter starts: nothing may start with it before a jail of the tests does."""
    code = "import os, sys; open('/tmp/ran' if not os.access(sys.prefix, os.W_OK) else sys.prefix + '/ran', 'w')\n"
    await simulators.act("packages", "offer", **wheel("loud", "1.0", {"loud.pth": code}))
    packages = Packages(tmp_path / "packages", settings(simulators))
    found = await packages.lock(["loud"])
    await simulators.act("packages", "reset")
    before = await simulators.last("packages")
    folder = await Environments(tmp_path / "environments", packages).ensure(found, testing=False)
    assert (folder / "lib" / f"python3.{sys.version_info.minor}" / "site-packages" / "loud.pth").is_file()
    assert not (folder / "ran").exists()
    assert await simulators.last("packages") == before
    ran = await python(folder, "import os; print(os.path.exists('/tmp/ran'))")
    assert ran.stdout == b"True\n", "it does run once an interpreter starts"


async def test_another_wheel_on_disk_is_not_installed(lock: Lock, packages: Packages, tmp_path: Path) -> None:
    """Whoever could write to the wheelhouse still cannot have another wheel installed than the locked one."""
    h11 = next(package for package in lock.packages if package.name == "h11")
    alone = lock.model_copy(update={"packages": [h11]})
    bad = tmp_path / "packages" / "wheels" / h11.sha256 / h11.wheel
    bad.parent.mkdir(parents=True)
    bad.write_bytes(base64.b64decode(wheel("h11", h11.version, {"h11/__init__.py": "evil = True"})["content"]))
    environments = Environments(tmp_path / "environments", Packages(tmp_path / "packages", packages.settings))
    with pytest.raises(Corrupted, match="Hash mismatch"):
        await environments.ensure(alone, testing=False)
    assert folders(tmp_path / "environments") == []


async def test_a_wheel_may_not_bring_links(simulators: Simulators, tmp_path: Path) -> None:
    await simulators.act("packages", "offer", **wheel("linking", "1.0", {"linking/passwd": "/etc/passwd"}, link=True))
    packages = Packages(tmp_path / "packages", settings(simulators))
    found = await packages.lock(["linking"])
    await simulators.act("packages", "reset")
    folder = await Environments(tmp_path / "environments", packages).ensure(found, testing=False)
    (installed,) = folder.rglob("passwd")
    assert not installed.is_symlink()
    assert installed.read_text() == "/etc/passwd"


@pytest.mark.parametrize("part", ["scripts/python", "data/bin/python", "data/pyvenv.cfg"])
async def test_a_wheel_may_not_replace_the_environment(simulators: Simulators, tmp_path: Path, part: str) -> None:
    content = {f"taking-1.0.data/{part}": "#!/bin/sh\n/usr/bin/touch /tmp/ran\n"}
    await simulators.act("packages", "offer", **wheel("taking", "1.0", content))
    packages = Packages(tmp_path / "packages", settings(simulators))
    found = await packages.lock(["taking"])
    await simulators.act("packages", "reset")
    with pytest.raises(Corrupted, match=r"reserved name|parts of the environment itself"):
        await Environments(tmp_path / "environments", packages).ensure(found, testing=False)
    assert folders(tmp_path / "environments") == []


async def test_rivals_build_it_once(lock: Lock, packages: Packages, tmp_path: Path) -> None:
    await packages.wheels(lock)
    rivals = [await build_elsewhere(packages.root, tmp_path, lock) for _ in range(3)]
    told = {(await rival.communicate())[0] for rival in rivals}
    assert len(told) == 1
    assert all(rival.returncode == 0 for rival in rivals)
    assert len(folders(tmp_path)) == 1


async def test_a_builder_killed_in_the_middle_is_replaced(lock: Lock, packages: Packages, tmp_path: Path) -> None:
    await packages.wheels(lock)
    stop = """
def halt(event, arguments):
    if event == "subprocess.Popen":
        print("halfway", flush=True)
        sys.stdin.read()
sys.addaudithook(halt)
"""
    builder = await build_elsewhere(packages.root, tmp_path, lock, stop)
    assert builder.stdout is not None
    assert await builder.stdout.readline() == b"halfway\n"
    assert [name for name in folders(tmp_path) if name.endswith(".tmp")]
    builder.send_signal(signal.SIGKILL)
    await builder.wait()
    folder = await Environments(tmp_path, packages).ensure(lock, testing=False)
    assert folders(tmp_path) == [folder.parent.name]


async def test_what_nobody_uses_any_more_is_removed(packages: Packages, lock: Lock, tmp_path: Path) -> None:
    h11 = next(package for package in lock.packages if package.name == "h11")
    own = Environments(tmp_path, packages)
    old = tmp_path / "plain-0123456789abcdef"
    (old / "venv").mkdir(parents=True)
    os.utime(old, (0, 0))
    folder = await own.ensure(lock.model_copy(update={"packages": [h11]}), testing=False)
    assert folders(tmp_path) == [folder.parent.name]
