"""Mail for one machine: each letter is a file that any mail program opens, readable by its owner alone."""

import asyncio
import os
from pathlib import Path

from adapters.mail.messages import message
from domain import ids
from domain.accounts import Letter
from domain.errors import StorageUnavailable

KEPT = 200
"""Letters; the oldest make room."""


class FolderMail:
    """The `Mail` port over a folder. Names sort by time."""

    def __init__(self, folder: Path, *, sender: str, kept: int = KEPT) -> None:
        self._folder = folder
        self._sender = sender
        self._kept = kept

    async def send(self, letter: Letter) -> None:
        await asyncio.to_thread(self._write, message(letter, sender=self._sender).as_bytes())

    def _write(self, data: bytes) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._folder / f"{ids.new('mail')}.eml"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            for old in sorted(self._folder.glob("mail_*.eml"))[: -self._kept]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise StorageUnavailable(f"A mail cannot be written to {self._folder}: {error.strerror}.") from error
