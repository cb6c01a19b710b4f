"""Letters that leave behind the answer: how long the post takes tells nobody whether an address is known."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from domain.accounts import Letter
from domain.errors import CcbError, TooManyRequests
from domain.ports import Mail

_log = logging.getLogger("ccb.api.mail")
_WAITING = 200
_RETRIES = (2.0, 15.0, 60.0)
"""Seconds between attempts. What then could not be sent is logged, and asked for again by whoever waits for it."""


class Posting:
    """`later` answers at once; `close` waits for what is under way, though not for further attempts."""

    def __init__(self, mail: Mail, *, retries: Sequence[float] = _RETRIES) -> None:
        self._mail = mail
        self._retries = retries
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    def later(self, write: Callable[[], Awaitable[Letter | None]]) -> None:
        """Have a letter written and sent; None is no letter. Raises TooManyRequests if too many wait."""
        if len(self._tasks) >= _WAITING:
            raise TooManyRequests("Too many mails wait to be sent: try again in a minute.", retry_after=60.0)
        task = asyncio.create_task(self._sent(write))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sent(self, write: Callable[[], Awaitable[Letter | None]]) -> None:
        try:
            letter = await write()
            if letter is not None:
                await self._send(letter)
        except CcbError as error:
            _log.error("a mail could not be sent", extra={"code": error.code, "error": error.message})

    async def _send(self, letter: Letter) -> None:
        for pause in self._retries:
            try:
                await self._mail.send(letter)
            except CcbError as error:
                if not error.retryable or self._closing.is_set():
                    raise
                _log.warning("a mail is tried again", extra={"code": error.code, "error": error.message})
            else:
                return
            await self._pause(pause)
        await self._mail.send(letter)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        self._closing.set()
        await self.idle()
