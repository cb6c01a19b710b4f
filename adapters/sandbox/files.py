"""Folders of environments: made so that a jail's user may read them, whoever and whatever our umask is."""

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import venv
from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.utils import canonicalize_name

from adapters.packages import requirement
from domain.errors import Corrupted, SandboxUnavailable


def make_venv(folder: Path) -> Path:
    """An empty virtual environment. Returns its site-packages."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    return site_packages(folder)


def site_packages(folder: Path) -> Path:
    return folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def open_folder(folder: Path) -> None:
    """Make a folder that anybody may enter, in one that is there or is made likewise; nothing if it exists."""
    if not folder.is_dir():
        open_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def link(source: Path, target: Path) -> None:
    """A second name for the same file; a copy where that cannot be, or where the jail's user could not read it.

    What is there already stays: it may be another name of a file that is not ours to write to.
    """
    open_folder(target.parent)
    mode = source.stat().st_mode
    if target.exists():
        return
    with contextlib.suppress(OSError):
        if mode & 0o004:
            os.link(source, target)
            return
    shutil.copy2(source, target)
    target.chmod(0o755 if mode & 0o100 else 0o644)


def link_tree(source: Path, target: Path) -> None:
    """All files below `source`, which `reclaim` or we ourselves have made, below `target` too."""
    for parent, _, files in os.walk(source):
        for name in files:
            link(Path(parent, name), target / Path(parent, name).relative_to(source))


def skeleton(folder: Path) -> dict[str, str]:
    """What makes a folder a virtual environment: its settings, and where its links lead."""
    links = [path for path in (*folder.iterdir(), *(folder / "bin").iterdir()) if path.is_symlink()]
    return {
        "pyvenv.cfg": (folder / "pyvenv.cfg").read_text(errors="replace"),
        **{str(path.relative_to(folder)): str(path.readlink()) for path in links},
    }


def reclaim(folder: Path, made: Mapping[str, str]) -> None:
    """Make what a jail wrote ours, and readable.

    `made` is the environment's skeleton before. Raises Corrupted if it is another now, or for what is no plain file:
    a wheel may put files wherever it likes in an environment, and have them be its interpreter.
    """
    if skeleton(folder) != made:
        raise Corrupted("The locked wheels would replace parts of the environment itself.")
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent), *(Path(parent, name) for name in (*folders, *files))):
            found = path.lstat()
            linked = stat.S_ISLNK(found.st_mode) and str(path.relative_to(folder)) in made
            plain = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
            if not (linked or plain):
                raise Corrupted(f"{path.relative_to(folder)} was installed as something that is no plain file.")
            if found.st_uid != os.getuid():
                os.chown(path, os.getuid(), os.getgid(), follow_symlinks=False)
            if plain:
                path.chmod(0o755 if stat.S_ISDIR(found.st_mode) or found.st_mode & 0o100 else 0o644)


def closure(names: Iterable[str]) -> dict[str, Distribution]:
    """The distributions that this process runs with, of `names` and of all they need here."""
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
        needed = map(requirement, found[name].requires or ())
        waiting += [
            canonicalize_name(other.name)
            for other in needed
            if other.marker is None or other.marker.evaluate({"extra": ""})
        ]
    return found


def link_distributions(folder: Path, distributions: Collection[Distribution]) -> None:
    """Link them into an environment, file by file as their RECORD lists them, with what is compiled of them."""
    site = site_packages(folder)
    for dist in distributions:
        if dist.files is None:
            raise SandboxUnavailable(f"{dist.name} was installed without a RECORD: install ccb with uv or pip.")
        for file in dist.files:
            source = Path(str(dist.locate_file(file)))
            if ".." in file.parts:
                if file.parts[-2] == "bin" and not _is_script(source):
                    link(source, folder / "bin" / file.name)
            elif file.suffix != ".pyc":
                link(source, site / file)
                _link_compiled(source, site / file)


def compile_all(folder: Path) -> None:
    """For fast starts only: a file that does not compile is found out by whoever imports it."""
    command = [sys.executable, "-I", "-S", "-m", "compileall", "-q", "-j", "2", str(site_packages(folder))]
    subprocess.run(command, env={}, stdout=subprocess.DEVNULL, timeout=300, check=False, umask=0o022)  # noqa: S603


def _link_compiled(source: Path, target: Path) -> None:
    """What Python compiled of a source for whoever runs beside us: it is tied to the source's time, which is kept."""
    if source.suffix == ".py":
        name = f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        compiled = source.parent / "__pycache__" / name
        if compiled.is_file():
            link(compiled, target.parent / "__pycache__" / name)


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"
