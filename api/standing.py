"""Whether somebody may still see what they began to see: asked again while a stream is open."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import cache

from fastapi import Request

from api.security import Caller, Chosen, Credential, again, may
from api.services import Wired
from domain.access import Permission
from domain.errors import Forbidden, NotFound, Unauthenticated

EVERY = 2.0
"""Seconds between two looks: for so long somebody whose session or key has ended still sees what happens."""

StillAllowed = Callable[[], Awaitable[bool]]


@cache
def standing(permission: Permission) -> Callable[..., Awaitable[StillAllowed]]:
    """The dependency of a stream: asked as often as one likes, it looks every `EVERY` seconds.

    An access token that is over ends nothing, for its session goes on; a session that has ended does, and so do a key
    that was revoked, a membership or a permission that is no more.
    """

    async def of(
        request: Request, services: Wired, caller: Caller, credential: Credential, acting_in: Chosen = None
    ) -> StillAllowed:
        looked = time.monotonic()

        async def holds() -> bool:
            nonlocal looked
            if time.monotonic() - looked < EVERY:
                return True
            looked = time.monotonic()
            try:
                now = await again(caller, credential, acting_in, services)
                await may(permission)(request, now)
            except (Unauthenticated, Forbidden, NotFound):
                return False
            return True

        return holds

    return of


async def while_allowed(lines: AsyncGenerator[str], allowed: StillAllowed) -> AsyncIterator[str]:
    """`lines` as they come, until they end or the caller may not see them any more, also while none come."""
    coming: asyncio.Task[str | None] | None = None
    try:
        while await allowed():
            coming = coming or asyncio.create_task(_next(lines))
            await asyncio.wait({coming}, timeout=EVERY)
            if coming.done():
                line, coming = coming.result(), None
                if line is None:
                    return
                yield line
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await lines.aclose()


async def _next(lines: AsyncGenerator[str]) -> str | None:
    return await anext(lines, None)
