"""Virtual environments for generated code, and one for our tools, which generated code cannot import.

An environment of generated code holds exactly what a lock names. Its wheels are installed in a jail that has no network
and sees nothing but them, after their hashes have been verified; nothing of a package runs for it. Our tools are linked
from the distributions that this process runs with, so that they need no index, and are those that we were tested with.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from importlib.metadata import Distribution
from pathlib import Path

import uv

from adapters.packages import Packages, locked
from adapters.sandbox.files import (
    closure,
    compile_all,
    link_distributions,
    link_tree,
    make_venv,
    open_folder,
    reclaim,
    site_packages,
    skeleton,
)
from adapters.sandbox.jail import Jail, Limits
from adapters.sandbox.run import run
from domain.errors import Corrupted, SandboxUnavailable
from domain.packages import Lock

_TOOLS = ("bandit", "detect-secrets", "mypy", "pydantic", "ruff")  # pydantic for its plugin of mypy
_TESTING = ("pytest",)
_LAYOUT = 2  # part of the key: raise it when what is built changes
_LIMITS = Limits(memory=8 << 30, cpu=300, file_size=1 << 30, tmp_size=2 << 30, open_files=1024)
_SECONDS = 300.0
_PYTHON = str(Path(sys.executable).resolve())
_KEPT_SECONDS = 14 * 86_400
_WARM_UP = {
    "fastapi": ("fastapi.responses", "fastapi.testclient"),
    "httpx": ("httpx",),
    "pydantic": ("pydantic",),
}
_MYPY = """[mypy]
strict = True
plugins = pydantic.mypy
"""
# A wheel may hold .pth files, which an interpreter would run as it starts (-S), and even an interpreter (`$4` is ours).
_INSTALL = (
    '"$1" pip install --offline --no-config --no-index --find-links /wheels --no-deps --no-build --require-hashes'
    ' --link-mode copy --cache-dir /tmp/uv --no-progress --quiet --python "$2/bin/python" --requirement - &&'
    ' { "$4" -I -S -m compileall -q -j 2 "$3" >&2 || :; }'
)


class Environments:
    """Environments below `root`, each built once, also by processes that compete or are killed in the middle.

    An environment's interpreter is `bin/python`; a jail must mount it read-only at the same path.
    """

    def __init__(self, root: Path, packages: Packages) -> None:
        self._root = root.absolute()
        self._packages = packages

    async def tools(self) -> Path:
        """The environment of our tools: `bin/ruff`, and mypy, bandit and detect-secrets for its interpreter.

        Raises SandboxUnavailable.
        """
        found = await asyncio.to_thread(closure, _TOOLS)
        home = self._home("tools", _pins(found.values()))

        async def fill(made: Path) -> None:
            await asyncio.to_thread(_linked, made / "venv", list(found.values()))

        return await self._built(home, fill)

    async def ensure(self, lock: Lock, *, testing: bool) -> Path:
        """The environment of exactly the locked wheels; if `testing`, with pytest too.

        Beside that one, `../mypy.ini` and `../mypy-cache` are our settings and a cache warmed with the libraries, for
        mypy from `tools` with `--python-executable`. What tests import beside pytest must be locked. Raises what
        `Packages.wheels` does, Corrupted for a wheel that cannot be installed, and SandboxUnavailable.
        """
        wheels = sorted(f"{package.wheel} {package.sha256}" for package in lock.packages)
        if not testing:
            return await self._built(self._home("plain", wheels), lambda made: self._install(lock, made))
        ours = await asyncio.to_thread(closure, _TESTING)
        added = [dist for name, dist in ours.items() if name not in {package.name for package in lock.packages}]
        plain, tools = await asyncio.gather(self.ensure(lock, testing=False), self.tools())
        home = self._home("testing", [*wheels, *_pins(added), tools.parent.name, json.dumps(_WARM_UP), _MYPY])

        async def fill(made: Path) -> None:
            await asyncio.to_thread(_linked, made / "venv", added, site_packages(plain))
            await _warm(made, home, tools, [package.name for package in lock.packages])

        return await self._built(home, fill)

    async def install(self, lock: Lock, into: Path) -> Path:
        """An environment of the lock at `into`, for one deployment alone; what was there is replaced.

        Returns its absolute path. Raises what `ensure` does.
        """
        source = await self.ensure(lock, testing=False)
        return await asyncio.to_thread(_replace, source, into)

    def _home(self, kind: str, content: Sequence[str]) -> Path:
        key = json.dumps([_LAYOUT, sys.version, sys.base_prefix, str(self._root), kind, content])
        return self._root / f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"

    async def _built(self, home: Path, fill: Callable[[Path], Awaitable[None]]) -> Path:
        """The environment in `home`, which `fill` makes in a folder that then takes the place of `home`."""
        if not await asyncio.to_thread(_used, home):
            await asyncio.to_thread(self._root.mkdir, parents=True, exist_ok=True)
            async with locked(home.with_suffix(".lock")):
                if not await asyncio.to_thread(_used, home):
                    await self._build(home, fill)
            await asyncio.to_thread(_forget_unused, self._root)
        return home / "venv"

    async def _build(self, home: Path, fill: Callable[[Path], Awaitable[None]]) -> None:
        for stale in self._root.glob(f"{home.name}.*.tmp"):
            await asyncio.to_thread(shutil.rmtree, stale, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=f"{home.name}.", suffix=".tmp", dir=self._root))
        try:
            await fill(made)
            await asyncio.to_thread(made.rename, home)
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, made, ignore_errors=True)
            raise

    async def _install(self, lock: Lock, made: Path) -> None:
        """Unpack the wheels in a jail that shows the unfinished environment at its final place."""
        wheels = await self._packages.wheels(lock)
        venv, place = made / "venv", made.with_name(made.name.partition(".")[0]) / "venv"
        await asyncio.to_thread(make_venv, venv)
        before = await asyncio.to_thread(skeleton, venv)
        jail = Jail(
            read_only={Path(uv.find_uv_bin()): "/uv", **{wheel: f"/wheels/{wheel.name}" for wheel in wheels}},
            writable={venv: str(place)},
            environment={"HOME": "/tmp", "LANG": "C.UTF-8"},  # noqa: S108 (the jail's own)
            limits=_LIMITS,
        )
        wanted = "".join(f"{one.name}=={one.version} --hash=sha256:{one.sha256}\n" for one in lock.packages)
        command = ["/bin/sh", "-c", _INSTALL, "install", "/uv", str(place), str(site_packages(place))]
        command.append(_PYTHON)
        done = await run(jail, command, timeout=_SECONDS, heartbeat=_silent, stdin=wanted.encode(), label="install")
        await asyncio.to_thread(reclaim, venv, before)
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()[:2000]
            raise Corrupted(f"The locked wheels could not be installed: {said}", output=said)


def _pins(distributions: Collection[Distribution]) -> list[str]:
    return sorted(f"{dist.name}=={dist.version}" for dist in distributions)


def _linked(folder: Path, distributions: Collection[Distribution], site: Path | None = None) -> None:
    """An environment of what is in `site` and of our own distributions."""
    target = make_venv(folder)
    if site is not None:
        link_tree(site, target)
    link_distributions(folder, distributions)
    compile_all(folder)


async def _warm(made: Path, home: Path, tools: Path, names: Collection[str]) -> None:
    """Run mypy over the libraries' imports, in a jail that shows the unfinished environment at its final place."""
    source, cache = made / "warm", made / "mypy-cache"
    modules = ["asyncio", *_TESTING, *(module for name in names for module in _WARM_UP.get(name, ()))]
    for folder in (source, cache):
        open_folder(folder)
    for path, text in (
        (source / "imports.py", "\n".join(f"import {module}" for module in modules)),
        (made / "mypy.ini", _MYPY),
    ):
        path.write_text(text)
        path.chmod(0o644)
    jail = Jail(
        read_only={
            made / "venv": f"{home}/venv",
            made / "mypy.ini": f"{home}/mypy.ini",
            tools: str(tools),
            source: "/workspace",
        },
        writable={cache: f"{home}/mypy-cache"},
        environment={"HOME": "/tmp"},  # noqa: S108 (the jail's own)
        directory="/workspace",
        limits=_LIMITS,
    )
    command = [f"{tools}/bin/python", "-I", "-m", "mypy", "--python-executable", f"{home}/venv/bin/python"]
    command += ["--config-file", f"{home}/mypy.ini", "--cache-dir", f"{home}/mypy-cache", "."]
    done = await run(jail, command, timeout=_SECONDS, heartbeat=_silent, label="mypy")
    if done.returncode != 0:
        raise SandboxUnavailable(
            "mypy does not run in the sandbox.", output=(done.stdout + done.stderr).decode(errors="replace")[:2000]
        )


def _used(home: Path) -> bool:
    """Whether it is there; its time is from now on that of its last use."""
    try:
        os.utime(home)
    except FileNotFoundError:
        return False
    return True


def _forget_unused(root: Path) -> None:
    """Newer versions make new environments; those that nobody asked for in `_KEPT_SECONDS` are removed."""
    for home in root.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if home.is_dir() and home.stat().st_mtime < time.time() - _KEPT_SECONDS:
                # In one step, so that a removal that is cut off leaves no environment with holes.
                stale = home.rename(root / f"{home.name.partition('.')[0]}.{os.getpid()}.tmp")
                shutil.rmtree(stale, ignore_errors=True)


def _replace(source: Path, into: Path) -> Path:
    into = into.absolute()
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{into.name}.", dir=into.parent) as temporary:
        made = Path(temporary, "venv")
        link_tree(site_packages(source), make_venv(made))
        shutil.rmtree(into, ignore_errors=True)
        made.rename(into)
    return into


def _silent(_: str) -> None:
    """Nobody listens: whoever waits for an environment beats for itself."""
