"""A version's bundle: a gzipped tar of text files, written by somebody we do not trust.

It is read in memory within bounds and checked against the content hash that people approved, before a byte of it
reaches the disk.
"""

import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from domain.artifacts import files_hash
from domain.errors import Corrupted, InvalidInput

MAX_FILES = 1_000
MAX_BYTES = 64_000_000


def read(bundle: bytes, *, content_hash: str) -> dict[str, str]:
    """The bundle's files, path → text. Raises InvalidInput for an unsafe bundle, Corrupted for another content."""
    files: dict[str, str] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(_decompressed(bundle)), mode="r:") as archive:
            for member in archive:
                if member.isdir():
                    continue
                path, content = _file(archive, member)
                if path in files:
                    raise InvalidInput(f"The bundle holds {path!r} twice.", field="bundle")
                files[path] = content
                if len(files) > MAX_FILES:
                    raise InvalidInput(f"The bundle holds more than {MAX_FILES} files.", field="bundle")
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise InvalidInput(f"The bundle is not a gzipped tar: {error}.", field="bundle") from error
    found = files_hash(files)
    if found != content_hash:
        raise Corrupted(
            "The bundle's files are not those that were approved: their content hash differs.",
            expected=content_hash,
            found=found,
        )
    return files


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write files that `read` has passed below `folder`, which must not exist yet; the jail's user may read them."""
    folder.mkdir(parents=True)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode())
    for made in (folder, *folder.rglob("*")):  # whatever our umask
        made.chmod(0o755 if made.is_dir() else 0o644)


def _decompressed(bundle: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    data = inflate.decompress(bundle, MAX_BYTES)
    if inflate.unconsumed_tail:
        raise InvalidInput(f"The bundle is larger than {MAX_BYTES} bytes unpacked.", field="bundle")
    if not inflate.eof:
        raise EOFError("it ends too early")
    return data


def _file(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[str, str]:
    path = PurePosixPath(member.name)
    unsafe = path.is_absolute() or ".." in path.parts or "\0" in member.name or str(path) != member.name
    if unsafe or not member.isreg():
        raise InvalidInput(
            f"The bundle holds {member.name[:200]!r}, which is not a plain file below its folder.", field="bundle"
        )
    source = archive.extractfile(member)
    content = source.read() if source else b""
    try:
        return member.name, content.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The bundle's file {member.name!r} is not UTF-8 text.", field="bundle") from error
