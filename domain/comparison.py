"""Two versions side by side: what differs in their interface, in words, and in their files, line by line."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import ValidationError
from yaml import YAMLError

from domain import compatibility, manifest
from domain.base import Data
from domain.compatibility import Change
from domain.manifest import Manifest

MAX_LINES = 20_000
"""Of a file, in both versions together: beyond, it is only said how many lines differ. A diff takes seconds there."""


class FileChange(Data):
    """A file that differs. `added` and `removed` count lines; `diff` is in the unified form, or cut where `cut`."""

    path: str
    status: Literal["added", "removed", "changed"]
    added: int
    removed: int
    diff: str = ""
    cut: bool = False


class VersionComparison(Data):
    """`differences` is empty where the interface is the same: then `change` is `patch`."""

    before: str
    after: str
    change: Literal["patch", "minor", "major"]
    differences: list[str]
    files: list[FileChange]
    cut: bool = False


def compare(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    versions: tuple[str, str],
    characters: int = 200_000,
    of_a_file: int = 40_000,
) -> VersionComparison:
    """What differs from `before` to `after`, with at most `characters` of diffs, and `of_a_file` for one file.

    Files that are cut are told all the same, with their counts.
    """
    were, are = _manifest(before), _manifest(after)
    found = compatibility.differences(were, are) if were and are else []
    files: list[FileChange] = []
    left = characters
    for one in _changes(before, after):
        room = min(left, of_a_file)
        cut = one.cut or len(one.diff) > room
        diff = one.diff[: one.diff.rfind("\n", 0, room) + 1] if len(one.diff) > room else one.diff
        left -= len(diff)
        files.append(one.model_copy(update={"diff": diff, "cut": cut}))
    return VersionComparison.model_validate(
        {
            "before": versions[0],
            "after": versions[1],
            "change": max((one.change for one in found), default=Change.PATCH).word,
            "differences": [one.what for one in found],
            "files": files,
            "cut": any(one.cut for one in files),
        }
    )


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[FileChange]:
    for path in sorted(before.keys() | after.keys()):
        were, are = before.get(path), after.get(path)
        if were != are:
            yield _change(path, were, are)


def _change(path: str, were: str | None, are: str | None) -> FileChange:
    status: Literal["added", "removed", "changed"] = (
        "added" if were is None else "removed" if are is None else "changed"
    )
    old, new = (were or "").splitlines(keepends=True), (are or "").splitlines(keepends=True)
    if len(old) + len(new) > MAX_LINES:
        counts = Counter(new), Counter(old)
        added, removed = (counts[0] - counts[1]).total(), (counts[1] - counts[0]).total()
        return FileChange(path=path, status=status, added=added, removed=removed, cut=True)
    lines = list(
        difflib.unified_diff(
            old,
            new,
            "/dev/null" if were is None else f"a/{path}",
            "/dev/null" if are is None else f"b/{path}",
        )
    )
    body = lines[2:]
    return FileChange(
        path=path,
        status=status,
        added=sum(line.startswith("+") for line in body),
        removed=sum(line.startswith("-") for line in body),
        diff="".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines),
    )


def _manifest(files: Mapping[str, str]) -> Manifest | None:
    """None where it cannot be read: nothing is said then of the interface."""
    try:
        return manifest.parse(files[manifest.PATH])
    except (KeyError, ValidationError, YAMLError):
        return None
