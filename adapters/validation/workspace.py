"""A workspace on disk: the files under check, in a folder of their own for as long as the check takes."""

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapters.sandbox.jail import Jail, Limits
from domain.errors import InvalidInput
from domain.tools import MAX_FILE_BYTES, MAX_FILES

INSIDE = "/workspace"
_PATH = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*(/[A-Za-z0-9_.][A-Za-z0-9_.-]*)*")


def _turns() -> asyncio.Semaphore:
    """A processor is left to what is measured meanwhile; more tools than processors take them from each other."""
    return asyncio.Semaphore(max(1, len(os.sched_getaffinity(0)) - 1))


@dataclass(frozen=True)
class Workspace:
    """Files, the folder that holds them, the environment they run in, and the one that our own tools run in.

    Tools that read the files take `turns`.
    """

    files: Mapping[str, str]
    folder: Path
    environment: Path
    tools: Path
    turns: asyncio.Semaphore = field(default_factory=_turns, compare=False)

    @property
    def python(self) -> str:
        return f"{self.environment}/bin/python"

    @property
    def tools_python(self) -> str:
        return f"{self.tools}/bin/python"

    def jail(self, limits: Limits, *, mounts: Mapping[Path, str] | None = None) -> Jail:
        """A jail that sees the workspace and both environments, all read-only, and nothing of the network."""
        return Jail(
            read_only={
                self.folder: INSIDE,
                self.environment: str(self.environment),
                self.tools: str(self.tools),
                **(mounts or {}),
            },
            environment={
                "PATH": f"{self.environment}/bin",
                "HOME": "/tmp",  # noqa: S108 (the jail's own)
                "LANG": "C.UTF-8",
                "NO_COLOR": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            directory=INSIDE,
            limits=limits,
        )


@contextlib.asynccontextmanager
async def workspace(files: Mapping[str, str], environment: Path, tools: Path) -> AsyncIterator[Workspace]:
    """Write the files for the time of the block. Raises InvalidInput for a path that is not a plain relative one."""
    # The outer folder is closed to other users of this machine; the inner one is what the jail's user may read.
    outer = Path(tempfile.mkdtemp(prefix="ccb-workspace-"))
    try:
        folder = await asyncio.to_thread(_write, files, outer / "files")
        yield Workspace(files, folder, environment, tools)
    finally:
        await asyncio.to_thread(shutil.rmtree, outer)


def _write(files: Mapping[str, str], folder: Path) -> Path:
    if len(files) > MAX_FILES:
        raise InvalidInput(f"A workspace holds at most {MAX_FILES} files, not {len(files)}.", field="files")
    _open(folder)
    for path, text in files.items():
        data = text.encode("utf-8", "surrogatepass")
        if len(path) > 200 or not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            raise InvalidInput(f"{path[:200]!r} is not a plain relative path.", field="files")
        if len(data) > MAX_FILE_BYTES:
            raise InvalidInput(f"{path} has {len(data)} bytes; the limit is {MAX_FILE_BYTES}.", field="files")
        target = folder / path
        try:
            for parent in reversed(Path(path).parents):
                _open(folder / parent)
            target.write_bytes(data)
        except (FileExistsError, IsADirectoryError, NotADirectoryError) as clash:
            raise InvalidInput(f"{path} is both a file and a folder.", field="files") from clash
        target.chmod(0o644)
    return folder


def _open(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
