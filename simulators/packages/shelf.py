"""What the index has: wheels of the installed distributions, made when first asked for, and what people put there."""

import base64
import hashlib
import re
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from io import BytesIO
from pathlib import Path
from typing import Any

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from simulators.packages import repacking

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


@dataclass(frozen=True)
class File:
    """One file of a project. `metadata` is a wheel's METADATA; a source distribution has none that can be trusted."""

    filename: str
    version: str
    path: Path
    sha256: str
    size: int
    metadata: bytes | None = None

    @property
    def requires_python(self) -> str | None:
        found = HeaderParser().parsestr((self.metadata or b"").decode()).get("Requires-Python")
        return str(found) if found else None


class Shelf:
    """Files by project. Wheels are kept below `folder`; what people put there is forgotten with the process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._installed = {
            str(canonicalize_name(dist.name)): dist for dist in distributions() if repacking.served(dist)
        }
        self._made: dict[str, File] = {}
        self._offered: dict[str, dict[str, File]] = {}
        self._changed: set[str] = set()
        self._lock = threading.Lock()

    def projects(self) -> list[str]:
        return sorted({*self._installed, *self._offered})

    def files(self, project: str) -> list[File]:
        """All files of a project, by its canonical name. An offered one takes the place of one of the same name."""
        with self._lock:
            if project in self._installed and project not in self._made:
                self._made[project] = self._make(self._installed[project])
            made = {file.filename: file for file in [self._made[project]]} if project in self._made else {}
            return list({**made, **self._offered.get(project, {})}.values())

    def content(self, file: File) -> bytes | None:
        """What is served instead of the file's own bytes, if it was changed."""
        if file.filename not in self._changed:
            return None
        data = bytearray(file.path.read_bytes())
        data[len(data) // 2] ^= 1
        return bytes(data)

    def offer(self, given: Mapping[str, Any]) -> File:
        """`filename`, a wheel's or a source distribution's, and `content` in Base64."""
        filename, data = str(given["filename"]), base64.b64decode(given["content"], validate=True)
        wheel = filename.endswith(".whl")
        version = str(parse_wheel_filename(filename)[1] if wheel else parse_sdist_filename(filename)[1])
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._folder / sha256 / Path(filename).name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        file = File(filename, version, path, sha256, len(data), _metadata(data) if wheel else None)
        self._offered.setdefault(project_of(filename), {})[filename] = file
        return file

    def change(self, project: str) -> list[str]:
        """From now on the project's files differ in one byte from what the index says of them."""
        names = [file.filename for file in self.files(project)]
        self._changed.update(names)
        return names

    def reset(self) -> None:
        """As it was in the beginning."""
        self._offered.clear()
        self._changed.clear()

    def _make(self, dist: Distribution) -> File:
        record = hashlib.sha256((dist.read_text("RECORD") or "").encode()).hexdigest()[:16]
        path = self._folder / record / repacking.filename(dist)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            unfinished = path.with_suffix(".part")
            repacking.repack(dist, unfinished)
            unfinished.rename(path)
        data = path.read_bytes()
        return File(path.name, dist.version, path, hashlib.sha256(data).hexdigest(), len(data), _metadata(data))


def project_of(filename: str) -> str:
    """The canonical name of the project that a file belongs to; empty for what is no file of an index."""
    try:
        parsed = parse_wheel_filename(filename) if filename.endswith(".whl") else parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return ""
    return str(parsed[0])


def _metadata(wheel: bytes) -> bytes:
    with zipfile.ZipFile(BytesIO(wheel)) as archive:
        return archive.read(next(name for name in archive.namelist() if _METADATA.fullmatch(name)))
