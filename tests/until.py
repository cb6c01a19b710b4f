"""Waiting for what is to become true, without guessing how long it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(ask: Callable[[], Awaitable[T | None]], *, within: float = 90.0) -> T:
    """Ask until there is an answer; TimeoutError if there is none in time."""
    async with asyncio.timeout(within):
        while True:
            if (answer := await ask()) is not None:
                return answer
            await asyncio.sleep(0.05)
