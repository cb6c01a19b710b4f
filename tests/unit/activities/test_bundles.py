"""A bundle is the same bytes for the same files."""

import io
import tarfile

from activities.bundles import pack


def test_the_same_files_are_the_same_bytes_and_come_out_whole() -> None:
    files = {"b/ü.py": "x = 'é'\n", "a.py": ""}
    data = pack(files)
    assert data == pack(dict(reversed(files.items())))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = tar.getmembers()
        contents = {m.name: tar.extractfile(m).read().decode() for m in members}  # type: ignore[union-attr]
    assert contents == files
    assert {(m.uid, m.mtime, m.mode) for m in members} == {(0, 0, 0o644)}
