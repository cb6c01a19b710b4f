"""Who has logged in just now: asked for where something is opened that outlasts the session.

Whoever gets hold of a session could otherwise keep the account by a passkey or a session of their own.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends

from api.security import Account
from api.services import Services, Wired
from domain.access import Acting
from domain.errors import Forbidden

RECENT = timedelta(minutes=15)


async def logged_in_just_now(caller: Acting, services: Services) -> Acting:
    """A key has no moment of logging in: it is good for all that its owner may. Raises Forbidden."""
    if caller.session_id is None:
        return caller
    sessions = await services.sessions.of(caller.id)
    opened = next((one.created_at for one in sessions if one.id == caller.session_id), None)
    if opened is None or datetime.now(UTC) - opened > RECENT:
        minutes = int(RECENT.total_seconds() // 60)
        raise Forbidden(f"For this you must have logged in within the last {minutes} minutes: log in again.")
    return caller


async def _recent(caller: Account, services: Wired) -> Acting:
    return await logged_in_just_now(caller, services)


Recent = Annotated[Acting, Depends(_recent)]
"""An `Account` that has logged in just now."""
