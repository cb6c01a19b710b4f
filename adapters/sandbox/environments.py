"""Virtual environments for generated code: made without a network, in no more than a few seconds, and never twice.

An environment holds the very distributions that this process runs with, linked file by file as their RECORD lists them
(packaging.python.org, "Recording installed projects"). So it needs no index and no cache, it is the same in tests and
in production, and generated code cannot choose a version or a package that nobody here has.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import AsyncIterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from adapters.sandbox.jail import Jail, Limits
from adapters.sandbox.run import run
from domain.errors import InvalidInput, SandboxUnavailable
from domain.manifest import REQUIREMENTS

_TOOLS = ("pytest", "mypy", "ruff")
_LAYOUT = 1  # part of the key: raise it when what is built changes
_WARM_UP = "\n".join(
    f"import {name}" for name in ("asyncio", "fastapi.responses", "fastapi.testclient", "httpx", "pydantic", "pytest")
)
_MYPY = """[mypy]
strict = True
plugins = pydantic.mypy
"""


class Environments:
    """Environments below `root`, one for each set of pins, shared by all who need it."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    async def ensure(self, requirements: Sequence[str], *, tools: bool) -> Path:
        """The folder of an environment with `requirements`, with pytest, mypy and ruff if `tools`.

        Its interpreter is `bin/python`; a jail must mount it read-only at the same path. With tools, `../mypy.ini` and
        `../mypy-cache` are our settings and a cache warmed with the libraries. Built once, also by processes that
        compete or are killed in the middle. Raises InvalidInput for a requirement that is not admitted.
        """
        found = _closure([*admitted(requirements), *(_TOOLS if tools else ())])
        pins = sorted(f"{name}=={dist.version}" for name, dist in found.items())
        key = json.dumps([_LAYOUT, _WARM_UP, _MYPY, sys.version, sys.base_prefix, str(self._root), pins])
        home = self._root / hashlib.sha256(key.encode()).hexdigest()[:16]
        if not home.exists():
            await asyncio.to_thread(self._root.mkdir, parents=True, exist_ok=True)
            async with _locked(home.with_suffix(".lock")):
                if not home.exists():
                    await self._build(home, list(found.values()), tools=tools)
        return home / "venv"

    async def install(self, requirements: Sequence[str], into: Path) -> Path:
        """An environment at `into` for one deployment alone; what was there is replaced. Returns its absolute path."""
        source = await self.ensure(requirements, tools=False)
        return await asyncio.to_thread(_copy, source, into)

    async def _build(self, home: Path, distributions: Sequence[Distribution], *, tools: bool) -> None:
        for stale in self._root.glob(f"{home.name}.*.tmp"):
            await asyncio.to_thread(shutil.rmtree, stale, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=f"{home.name}.", suffix=".tmp", dir=self._root))
        try:
            await asyncio.to_thread(_fill, made, distributions)
            if tools:
                await _warm(made, home)
            await asyncio.to_thread(made.rename, home)
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, made, ignore_errors=True)
            raise


def admitted(requirements: Sequence[str]) -> list[str]:
    """The canonical names of admitted requirements. Versions are ours to choose, so a specifier must admit ours."""
    names: list[str] = []
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as wrong:
            raise InvalidInput(f"{text!r} is not a requirement.", field="requirements") from wrong
        name = canonicalize_name(requirement.name)
        if name not in REQUIREMENTS or requirement.url or requirement.extras:
            raise InvalidInput(
                f"{text!r} may not be required: integrations may use {', '.join(REQUIREMENTS)}.", field="requirements"
            )
        if not requirement.specifier.contains(distribution(name).version, prereleases=True):
            raise InvalidInput(f"{text!r} does not admit {name} {distribution(name).version}.", field="requirements")
        names.append(name)
    return names


def _closure(names: Sequence[str]) -> dict[str, Distribution]:
    """The installed distributions of `names` and of all they need here."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError as missing:
            raise SandboxUnavailable(f"{name} is not installed beside ccb: install ccb again.") from missing
        needed = map(Requirement, found[name].requires or ())
        waiting += [
            canonicalize_name(other.name)
            for other in needed
            if other.marker is None or other.marker.evaluate({"extra": ""})
        ]
    return found


@contextlib.asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    """Hold a lock file. Asked for again and again, since a thread that waits for it could not be cancelled."""
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.1)
        yield


def _fill(home: Path, distributions: Sequence[Distribution]) -> None:
    folder = home / "venv"
    site = _make(folder)
    for dist in distributions:
        if dist.files is None:
            raise SandboxUnavailable(f"{dist.name} was installed without a RECORD: install ccb with uv or pip.")
        for file in dist.files:
            source = Path(str(dist.locate_file(file)))
            if ".." not in file.parts:
                _link(source, site / file)
            elif file.parts[-2] == "bin" and not _is_script(source):
                _link(source, folder / "bin" / file.name)
    # For fast starts only: a file that does not compile is found out by whoever imports it.
    compiling = [sys.executable, "-I", "-m", "compileall", "-q", "-j", "2", str(site)]
    subprocess.run(compiling, env={}, stdout=subprocess.DEVNULL, timeout=300, check=False, umask=0o022)  # noqa: S603


async def _warm(made: Path, home: Path) -> None:
    """Run mypy over the libraries' imports, in a jail that shows the unfinished environment at its final place."""
    source, cache = made / "warm", made / "mypy-cache"
    for folder in (source, cache):
        _open_folder(folder)
    for path, text in ((source / "imports.py", _WARM_UP), (made / "mypy.ini", _MYPY)):
        path.write_text(text)
        path.chmod(0o644)
    jail = Jail(
        read_only={made / "venv": f"{home}/venv", made / "mypy.ini": f"{home}/mypy.ini", source: "/workspace"},
        writable={cache: f"{home}/mypy-cache"},
        environment={"HOME": "/tmp"},  # noqa: S108 (the jail's own)
        directory="/workspace",
        limits=Limits(memory=4 << 30, cpu=300),
    )
    command = [f"{home}/venv/bin/python", "-I", "-m", "mypy", "--config-file", f"{home}/mypy.ini"]
    command += ["--cache-dir", f"{home}/mypy-cache", "."]
    done = await run(jail, command, timeout=300, heartbeat=lambda _: None)
    if done.returncode != 0:
        raise SandboxUnavailable(
            "mypy does not run in the sandbox.", output=(done.stdout + done.stderr).decode()[:2000]
        )


def _copy(source: Path, into: Path) -> Path:
    into = into.absolute()
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{into.name}.", dir=into.parent) as temporary:
        made = Path(temporary, "venv")
        origin, site = _site(source), _make(made)
        for parent, _, files in os.walk(origin):
            for name in files:
                _link(Path(parent, name), site / Path(parent, name).relative_to(origin))
        shutil.rmtree(into, ignore_errors=True)
        made.rename(into)
    return into


def _make(folder: Path) -> Path:
    """An empty environment that anybody may read, whatever our umask. Returns its site-packages."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    return _site(folder)


def _site(folder: Path) -> Path:
    return folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def _link(source: Path, target: Path) -> None:
    """A second name for the same file; a copy where that cannot be, or where the jail's user could not read it."""
    _open_folder(target.parent)
    mode = source.stat().st_mode
    with contextlib.suppress(OSError):
        if mode & 0o004:
            os.link(source, target)
            return
    shutil.copy2(source, target)
    target.chmod(0o755 if mode & 0o100 else 0o644)


def _open_folder(folder: Path) -> None:
    """Make a folder that anybody may enter, in one that is there or is made likewise; nothing if it exists."""
    if not folder.is_dir():
        _open_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"
