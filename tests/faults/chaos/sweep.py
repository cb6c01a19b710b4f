"""A sweep for secrets: each place where something is written, and each form in which a secret may stand there."""

import asyncio
import base64
import gzip
import io
import json
import sqlite3
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psutil

from tests.faults.chaos.judging import Finding
from tests.faults.chaos.seen import Seen, Where, s3_client

KEPT: Final = ("secrets.json", "operator.key", "simulators.json", "valkey/valkey.conf", "payload.keys")
"""Where secrets belong, by path below the data directory: files that only their owner can read."""

KEPT_BY_NAME: Final = "environment.json"
"""What a deployed version is given, in the runner's folder (0600)."""

THIRD_PARTY: Final = ("environments", "packages")
"""Wheels and virtual environments: nothing of ours is written there."""

_DEEP: Final = 3
_LONGEST: Final = 64_000_000


@dataclass
class Sweep:
    findings: list[Finding]
    swept: int = 0


def forms(secret: str) -> list[bytes]:
    """The secret as it is, escaped for JSON and for URLs, and in Base64 wherever it begins within a group of three."""
    plain = secret.encode()
    found = {plain, json.dumps(secret)[1:-1].encode(), quote(secret, safe="").encode(), repr(plain)[2:-1].encode()}
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # The first and the last letters depend on what stands beside it.
            coded = encode(b"\0" * offset + plain)
            found.add(coded[(0, 2, 3)[offset] : len(coded) - 4])
    return sorted(found)


def opened(data: bytes, depth: int = _DEEP) -> Iterator[bytes]:
    """The data, and what is in it if it is packed: gzip, zlib, tar."""
    yield data
    if depth == 0:
        return
    try:
        if data[:2] == b"\x1f\x8b":
            yield from opened(gzip.decompress(data), depth - 1)
        elif data[:1] == b"\x78":
            yield from opened(zlib.decompressobj().decompress(data, _LONGEST), depth - 1)
        elif data[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                for member in archive:
                    if (file := archive.extractfile(member)) is not None:
                        yield from opened(file.read(), depth - 1)
    except (OSError, EOFError, zlib.error, tarfile.TarError):
        return  # it only looked packed


async def swept(where: Where, seen: Seen, canaries: Mapping[str, str]) -> Sweep:
    """Look everywhere. A secret that is found twice in one place is one finding."""
    return await asyncio.to_thread(_swept, where, seen, {name: forms(value) for name, value in canaries.items()})


def _swept(where: Where, seen: Seen, wanted: Mapping[str, list[bytes]]) -> Sweep:
    sweep = Sweep([])
    found: set[tuple[str, str]] = set()
    for place, data in _everything(where, seen):
        sweep.swept += len(data)
        for part in opened(data):
            for name, shapes in wanted.items():
                if (place, name) not in found and any(shape in part for shape in shapes):
                    found.add((place, name))
                    sweep.findings.append(Finding("canary", f"{name} is in {place}"))
    return sweep


def _everything(where: Where, seen: Seen) -> Iterator[tuple[str, bytes]]:
    for name, rows in seen.tables.items():
        yield f"table {name}", "\n".join(str(value) for row in rows for value in row.values()).encode()
    yield "the bus", json.dumps(seen.stream, ensure_ascii=False).encode()
    for execution, data in seen.histories.items():
        yield f"history {execution}", data
    for what in ("messages", "pulls", "comments", "commits"):
        yield f"{what}, outside", json.dumps(getattr(seen, what), ensure_ascii=False).encode()
    client = s3_client(where)
    for key in seen.objects:
        yield f"object {key}", client.get_object(Bucket=where.bucket, Key=key)["Body"].read()
    yield from _files(where.traces, "trace")
    yield from _files(where.data_dir, "file")
    yield "command lines", "\n".join(_command_lines(where)).encode()


def _files(folder: Path, what: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder).as_posix()
        if below in KEPT or path.name == KEPT_BY_NAME or below.split("/")[0] in THIRD_PARTY or "/venv/" in below:
            continue
        try:
            if path.is_file() and not path.is_symlink():
                yield f"{what} {below}", path.read_bytes()
                yield from ((f"rows of {below}", row) for row in (_rows(path) if path.suffix == ".db" else ()))
        except FileNotFoundError:
            continue  # it was a file of the moment


def _rows(database: Path) -> Iterator[bytes]:
    """Each value by itself: in the file, a long one is spread over pages."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield from (value.encode() if isinstance(value, str) else value for value in row if _long(value))


def _long(value: object) -> bool:
    return isinstance(value, str | bytes) and len(value) >= 16


def _command_lines(where: Where) -> Iterator[str]:
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if str(where.data_dir) in line:
            yield line
