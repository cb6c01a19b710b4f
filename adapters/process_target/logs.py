"""A deployment's log: JSON lines `{"at", "stream", "text"}` in rotating files, with secrets taken out."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from domain.text import redact
from domain.vendors import LogLine

FILE_BYTES = 4_000_000
FILES = 3
LINE_CHARACTERS = 16_000
FOLLOWER_LINES = 2_000
_CURRENT = "log.jsonl"

_logger = logging.getLogger(__name__)


class Log:
    """The log of one deployment. Bounded: `FILES` files of about `FILE_BYTES` bytes, lines cut at `LINE_CHARACTERS`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._size = 0
        self._secrets: tuple[str, ...] = ()
        self._recent: deque[LogLine] = deque(maxlen=40)
        self._followers: set[asyncio.Queue[LogLine | None]] = set()

    def hide(self, secrets: Iterable[str]) -> None:
        """Replace these values in every line from now on; longest first, so that none leaves a part of another."""
        self._secrets = tuple(sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True))

    def write(self, stream: Literal["stdout", "stderr", "runner"], text: str) -> None:
        """Append one line and hand it to the followers; a follower too slow to keep up misses lines."""
        for secret in self._secrets:
            text = text.replace(secret, "[redacted]")
        line = LogLine(at=datetime.now(UTC), stream=stream, text=redact(text)[:LINE_CHARACTERS])
        data = line.model_dump_json().encode() + b"\n"
        try:
            self._append(data)
        except OSError as error:
            # A full disk must not stop the service, which would block on a pipe that nobody reads.
            _logger.warning("log.not_written", extra={"folder": str(self._folder), "error": str(error)})
        self._recent.append(line)
        for follower in self._followers:
            if not follower.full():
                follower.put_nowait(line)

    async def read_from(self, reader: asyncio.StreamReader, stream: Literal["stdout", "stderr"]) -> None:
        """Write what comes out of a pipe, line by line, until it ends. A line without an end is cut in pieces."""
        rest = b""
        while chunk := await reader.read(65_536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_CHARACTERS:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self.write(stream, line.decode(errors="replace").rstrip("\r"))
        if rest:
            self.write(stream, rest.decode(errors="replace"))

    def recent(self, limit: int) -> list[str]:
        """The last lines written by this process, as text."""
        return [line.text for line in list(self._recent)[-limit:]]

    def tail(self, limit: int) -> list[LogLine]:
        """The last `limit` lines on disk, oldest first."""
        found: list[str] = []
        for path in sorted(self._folder.glob(f"{_CURRENT}*")):
            if len(found) < limit:
                # A line that a crash cut short ends without its brace.
                found = [line for line in path.read_text(errors="replace").splitlines() if line.endswith("}")] + found
        return [LogLine.model_validate_json(line) for line in found[-limit:]]

    async def follow(self, limit: int) -> AsyncIterator[LogLine]:
        """The last `limit` lines and those to come, until the log is closed."""
        queue: asyncio.Queue[LogLine | None] = asyncio.Queue(FOLLOWER_LINES)
        self._followers.add(queue)
        try:
            # Nothing is awaited between the two, so that no line is missed or given twice.
            for line in self.tail(limit):
                yield line
            while following := await queue.get():
                yield following
        finally:
            self._followers.discard(queue)

    def close(self) -> None:
        """End all followers."""
        for follower in self._followers:
            if follower.full():
                follower.get_nowait()
            follower.put_nowait(None)

    def _append(self, data: bytes) -> None:
        current = self._folder / _CURRENT
        if not self._size:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._size = current.stat().st_size if current.exists() else 0
        if self._size + len(data) > FILE_BYTES:
            for number in range(FILES - 1, 0, -1):
                older = current if number == 1 else self._folder / f"{_CURRENT}.{number - 1}"
                if older.exists():
                    older.replace(self._folder / f"{_CURRENT}.{number}")
            self._size = 0
        with current.open("ab") as file:
            file.write(data)
        self._size += len(data)
