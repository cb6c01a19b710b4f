"""A bundle: a version's files as a gzipped tar, the same bytes for the same files."""

import gzip
import io
import tarfile
from collections.abc import Mapping

MEDIA_TYPE = "application/gzip"


def pack(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(files):
            data = files[path].encode()
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()
