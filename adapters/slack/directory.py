"""Who is who in Slack: which workspace is ours, and the address of somebody who is not known here. It only reads."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from slack_sdk.errors import SlackApiError

from adapters.slack import errors
from adapters.slack.connection import connect
from adapters.slack.settings import SlackSettings

T = TypeVar("T")


class Directory(Protocol):
    async def serves(self, team: str) -> bool:
        """Whether this workspace is one that we work for."""

    async def email(self, user_id: str) -> str | None:
        """The address that Slack has confirmed of a full member; None where matching by it is not wanted."""


class SlackDirectory:
    """Implements `Directory`. Without CCB_SLACK_TEAMS, ours is the one that the token belongs to."""

    def __init__(self, settings: SlackSettings) -> None:
        self._client = connect(settings)
        self._teams = settings.team_ids
        self._match_email = settings.match_email

    async def serves(self, team: str) -> bool:
        if not self._teams:
            self._teams = frozenset({await self._read(lambda: str(self._client.auth_test()["team_id"]))})
        return team in self._teams

    async def email(self, user_id: str) -> str | None:
        if not self._match_email:
            return None
        return _confirmed(await self._read(lambda: self._user(user_id)))

    def _user(self, user_id: str) -> dict[str, Any]:
        try:
            user: dict[str, Any] = self._client.users_info(user=user_id).get("user") or {}
        except SlackApiError as error:
            if errors.code(error) != "user_not_found":
                raise
            return {}
        return user

    async def _read(self, call: Callable[[], T]) -> T:
        with errors.translated(writes=False):
            return await asyncio.to_thread(call)


def _confirmed(user: dict[str, Any]) -> str | None:
    """Guests, bots, people of other workspaces and those who are gone are matched with nobody."""
    unfit = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger", "is_app_user")
    if any(user.get(one) for one in unfit) or not user.get("is_email_confirmed"):
        return None
    email = (user.get("profile") or {}).get("email")
    return email if isinstance(email, str) and "@" in email else None
