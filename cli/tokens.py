"""The tokens of `ccb login`: one file in the person's configuration directory, that only they can read."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import typer
from pydantic import AwareDatetime, SecretStr, ValidationError

from cli.errors import BadInput
from cli.stack.datadir import write_private
from domain.base import Data

_EARLY = timedelta(seconds=30)
"""So long before its end an access token is taken for over: clocks differ, and requests take time."""


class Tokens(Data):
    """As they are answered, and when the access token ends."""

    access_token: SecretStr
    refresh_token: SecretStr
    expires_at: AwareDatetime

    @classmethod
    def answered(cls, body: dict[str, Any]) -> Self:
        """Raises ValidationError, KeyError or TypeError for what is no such answer."""
        ends = datetime.now(UTC) + timedelta(seconds=float(body["expires_in"]))
        return cls(access_token=body["access_token"], refresh_token=body["refresh_token"], expires_at=ends)

    @property
    def fresh(self) -> bool:
        return datetime.now(UTC) < self.expires_at - _EARLY

    def revealed(self) -> dict[str, str]:
        return {
            "access_token": self.access_token.get_secret_value(),
            "refresh_token": self.refresh_token.get_secret_value(),
            "expires_at": self.expires_at.isoformat(),
        }


class TokenFile:
    """The tokens for one API. A refresh token is good once, so whoever uses it holds the lock until it has written."""

    def __init__(self, url: str, folder: Path | None = None) -> None:
        self.url = url
        self._folder = folder or Path(typer.get_app_dir("ccb"))
        self._file = self._folder / "tokens.json"

    def read(self) -> Tokens | None:
        found = self._all().get(self.url)
        try:
            return Tokens.model_validate(found) if found is not None else None
        except ValidationError as error:
            raise self._unreadable() from error

    def write(self, tokens: Tokens | None) -> None:
        """Keep them, or forget. The lock must be held."""
        kept = {url: one for url, one in self._all().items() if url != self.url}
        if tokens is not None:
            kept[self.url] = tokens.revealed()
        try:
            write_private(self._file, json.dumps(kept, indent=2))
        except OSError as error:
            raise BadInput(f"{self._file} cannot be written ({error.strerror}): make room for it.") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Of all `ccb`s of this person one at a time; the system lets go of it however we end."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = (self._folder / "tokens.lock").open("a")
        except OSError as error:
            raise BadInput(f"{self._folder} cannot be written ({error.strerror}).") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _all(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self._unreadable() from error
        if not isinstance(found, dict):
            raise self._unreadable()
        return found

    def _unreadable(self) -> BadInput:
        return BadInput(f"{self._file} cannot be read: delete it, and log in again with `ccb login`.")
