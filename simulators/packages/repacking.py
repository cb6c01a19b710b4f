"""Wheels made again from installed distributions (packaging.python.org, "Binary distribution format").

The same distribution gives the same bytes. What an installer added (its scripts, INSTALLER, compiled files) is left
out; what a wheel had placed outside of site-packages goes back into its `.data` folder.
"""

import base64
import hashlib
import sys
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

_ADDED = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_build.json", "uv_cache.json"})
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can say


def served(dist: Distribution) -> bool:
    """Whether it can have come from an index: not from a folder, and with a list of its files."""
    return dist.read_text("direct_url.json") is None and dist.files is not None


def filename(dist: Distribution) -> str:
    """The wheel's name, with its tags compressed as PEP 425 has it."""
    tags = [line.split("-") for line in HeaderParser().parsestr(dist.read_text("WHEEL") or "").get_all("Tag", [])]
    compressed = [".".join(dict.fromkeys(parts)) for parts in zip(*tags, strict=True)]
    name = canonicalize_name(dist.name).replace("-", "_")
    return "-".join([name, dist.version, *compressed]) + ".whl"


def repack(dist: Distribution, target: Path) -> None:
    """Write the wheel to `target`."""
    info = _info(dist)
    record: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as wheel:
        for path, source in sorted(_content(dist, info)):
            data = _unplaced(source) if ".data/scripts/" in path else source.read_bytes()
            _add(wheel, path, data, executable=bool(source.stat().st_mode & 0o100))
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{_quoted(path)},sha256={digest},{len(data)}\n")
        _add(wheel, f"{info}/RECORD", "".join([*record, f"{info}/RECORD,,\n"]).encode(), executable=False)


def _content(dist: Distribution, info: str) -> Iterator[tuple[str, Path]]:
    """Path in the wheel and file on disk."""
    generated = {entry.name for entry in dist.entry_points if entry.group in {"console_scripts", "gui_scripts"}}
    for file in dist.files or ():
        source = Path(str(dist.locate_file(file)))
        added = file.parts[0] == info and len(file.parts) == 2 and file.name in _ADDED
        if added or file.suffix == ".pyc":
            continue
        if ".." not in file.parts:
            yield file.as_posix(), source
            continue
        placed = PurePosixPath(source.resolve().relative_to(Path(sys.prefix).resolve()))
        if placed.parts[0] == "bin":
            if placed.name not in generated:
                yield f"{info.removesuffix('.dist-info')}.data/scripts/{placed.name}", source
        elif placed.parts[:2] == ("include", "site"):
            inner = PurePosixPath(*placed.parts[4:])
            yield f"{info.removesuffix('.dist-info')}.data/headers/{inner}", source
        else:
            yield f"{info.removesuffix('.dist-info')}.data/data/{placed}", source


def _info(dist: Distribution) -> str:
    """The name of its `.dist-info` folder."""
    metadata = next(file for file in dist.files or () if file.name == "METADATA" and len(file.parts) == 2)
    return metadata.parts[0]


def _unplaced(script: Path) -> bytes:
    """A script as it was before an installer wrote its interpreter into it."""
    data = script.read_bytes()
    first, end, rest = data.partition(b"\n")
    return b"#!python" + end + rest if first.startswith(b"#!") and b"python" in first else data


def _add(wheel: zipfile.ZipFile, path: str, data: bytes, *, executable: bool) -> None:
    entry = zipfile.ZipInfo(path, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o100755 if executable else 0o100644) << 16
    wheel.writestr(entry, data)


def _quoted(path: str) -> str:
    """As a field of a CSV file."""
    return f'"{path}"' if "," in path else path
