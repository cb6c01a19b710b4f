"""Issues in Jira, as tickets.

A comment carries its key in a property of its own (`ccb`), so that a repeat finds what a lost reply left.
"""

import hashlib
from typing import Any

import httpx

from adapters.jira import adf
from adapters.jira.client import VENDOR, JiraClient
from adapters.jira.settings import JiraSettings
from adapters.jira.wire import Account, Comment, Comments, CommentsById, Issue, Link, Status, Transitions
from adapters.trackers.marks import marked
from domain.errors import VendorOutcomeUnknown, VendorRejected
from domain.vendors import TicketLink, TicketRef

PROPERTY = "ccb"
DONE = "done"
"""The category of statuses in which nothing more is wanted."""

_PAGE = 100
_PAGES = 20
"""So many comments of an issue, newest first, are looked at for ours."""


class JiraTracker:
    """Implements `domain.ports.Tracker`. Raises InvalidInput if the settings do not hold all that is needed."""

    def __init__(self, settings: JiraSettings) -> None:
        self._client = JiraClient(settings)
        self._done = settings.done_status
        self._account = ""

    async def comment(self, ticket: TicketRef, *, key: str, body: str) -> None:
        text = adf.document(marked(body))
        found = await self._ours(ticket, key)
        if not found:
            given = {"body": text, "properties": [{"key": PROPERTY, "value": {"key": key}}]}
            await self._client.ask(Comment, "POST", f"issue/{ticket.id}/comment", writes=True, json=given)
            found = await self._ours(ticket, key)
            if not found:
                raise VendorOutcomeUnknown(f"The comment on {ticket.key} cannot be read back.", vendor=VENDOR)
        first, *others = found
        for crossed in others:
            # A call that was believed dead made it meanwhile; the first of them stays.
            await self._delete(ticket, crossed)
        if first.body != text:
            path = f"issue/{ticket.id}/comment/{first.id}"
            quietly = {"notifyUsers": "false"}
            await self._client.ask(Comment, "PUT", path, writes=True, json={"body": text}, params=quietly)

    async def link(self, ticket: TicketRef, link: TicketLink) -> None:
        # Jira replaces the link of the same global id.
        name = hashlib.sha256(link.url.encode()).hexdigest()[:32]
        given = {"globalId": f"ccb:{name}", "object": {"url": link.url, "title": link.title}}
        await self._client.ask(Link, "POST", f"issue/{ticket.id}/remotelink", writes=True, json=given)

    async def finish(self, ticket: TicketRef) -> None:
        if await self._is_done(ticket):
            return
        path = f"issue/{ticket.id}/transitions"
        offered = (await self._client.ask(Transitions, "GET", path, writes=False)).transitions
        wanted = next((one for one in offered if self._named(one.to.name)), None)
        wanted = wanted or next((one for one in offered if self._named(one.name)), None)
        if wanted is None:
            there = ", ".join(one.to.name for one in offered) or "nowhere"
            raise VendorRejected(
                f"{ticket.key} cannot become {self._done}: its workflow leads to {there}. Set CCB_JIRA_DONE_STATUS.",
                vendor=VENDOR,
            )
        await self._client.tell("POST", path, json={"transition": {"id": wanted.id}})
        if self._named(wanted.to.name) and not await self._is_done(ticket):
            raise VendorOutcomeUnknown(f"{ticket.key} is not {self._done} yet.", vendor=VENDOR)

    async def account(self) -> str:
        if not self._account:
            self._account = (await self._client.ask(Account, "GET", "myself", writes=False)).id
        return self._account

    async def _delete(self, ticket: TicketRef, comment: Comment) -> None:
        """Nothing there is fine."""
        try:
            await self._client.tell("DELETE", f"issue/{ticket.id}/comment/{comment.id}")
        except VendorRejected as error:
            if error.details.get("status") != httpx.codes.NOT_FOUND:
                raise

    async def is_open(self, ticket: TicketRef) -> bool:
        try:
            return (await self._status(ticket)).category.key != DONE
        except VendorRejected as error:
            if error.details.get("status") == httpx.codes.NOT_FOUND:
                return False
            raise

    async def _is_done(self, ticket: TicketRef) -> bool:
        return self._named((await self._status(ticket)).name)

    async def _status(self, ticket: TicketRef) -> Status:
        params = {"fields": "status"}
        return (await self._client.ask(Issue, "GET", f"issue/{ticket.id}", writes=False, params=params)).fields.status

    def _named(self, name: str) -> bool:
        return name.casefold() == self._done.casefold()

    async def _ours(self, ticket: TicketRef, key: str) -> list[Comment]:
        """The comments of ours for `key`, oldest first: one, unless two calls crossed."""
        ids = await self._written_by_us(ticket)
        found: list[Comment] = []
        for start in range(0, len(ids), _PAGE):
            body = {"ids": ids[start : start + _PAGE]}
            # The list of an issue's comments has no properties; that by id has.
            page = await self._client.ask(
                CommentsById, "POST", "comment/list", writes=False, json=body, params={"expand": "properties"}
            )
            found += [one for one in page.values if any(_is(key, given.key, given.value) for given in one.properties)]
        return sorted(found, key=lambda comment: comment.number)

    async def _written_by_us(self, ticket: TicketRef) -> list[int]:
        me, start, ids = await self.account(), 0, []
        for _ in range(_PAGES):
            params: dict[str, Any] = {"startAt": start, "maxResults": _PAGE, "orderBy": "-created"}
            path = f"issue/{ticket.id}/comment"
            page = await self._client.ask(Comments, "GET", path, writes=False, params=params)
            ids += [comment.number for comment in page.comments if comment.author and comment.author.id == me]
            start += len(page.comments)
            if not page.comments or start >= page.total:
                break
        return ids


def _is(key: str, name: str, value: object) -> bool:
    return name == PROPERTY and isinstance(value, dict) and value.get("key") == key
