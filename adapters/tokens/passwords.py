"""Passwords: Argon2id (RFC 9106), in a few threads of their own, so that logins cannot exhaust the process."""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from pydantic import SecretStr

from adapters.tokens.settings import PasswordSettings
from domain.errors import Corrupted, TooManyRequests

_T = TypeVar("_T")


class Passwords:
    """Hashes and checks. Whether there is a hash to check against or not, a check costs the same."""

    def __init__(self, settings: PasswordSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.passes,
            memory_cost=settings.memory_kib,
            parallelism=settings.lanes,
            type=Type.ID,
        )
        self._threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="passwords")
        self._room = settings.threads + settings.waiting
        self._under_way = 0
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: SecretStr) -> SecretStr:
        """Raises TooManyRequests if too many are under way."""
        return SecretStr(await self._done(lambda: self._hasher.hash(_normal(password))))

    async def good(self, stored: SecretStr | None, password: SecretStr) -> bool:
        """Whether this is the password; never for None. Raises TooManyRequests as `hash`, Corrupted."""
        against = stored.get_secret_value() if stored is not None else self._nobodys
        same = await self._done(lambda: self._same(against, _normal(password)))
        return same and stored is not None

    def outdated(self, stored: SecretStr) -> bool:
        """Whether it was made at another cost than today's."""
        return self._hasher.check_needs_rehash(stored.get_secret_value())

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _same(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError) as error:
            raise Corrupted("What is stored of a password is not an Argon2 hash: reset the password.") from error

    async def _done(self, work: Callable[[], _T]) -> _T:
        if self._under_way >= self._room:
            raise TooManyRequests("Too many are logging in at this moment: try again in a second.", retry_after=1.0)
        self._under_way += 1
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # Counted until the thread is done: a caller who hangs up does not make room.
        running.add_done_callback(self._over)
        return await asyncio.shield(running)

    def _over(self, running: "asyncio.Future[_T]") -> None:
        self._under_way -= 1
        if not running.cancelled():
            running.exception()  # whoever waited has it; nobody may have


def _normal(password: SecretStr) -> str:
    """One spelling of what looks the same (NIST SP 800-63B §3.1.1.2). Lone surrogates are no characters."""
    text = unicodedata.normalize("NFKC", password.get_secret_value())
    return text.encode(errors="replace").decode()
