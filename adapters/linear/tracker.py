"""Issues in Linear, as tickets.

A comment's id is made here, of its key: Linear takes ids from its clients (UUID v4), so a repeat finds what a lost
reply left, and a comment's id alone says that it is ours.
"""

import hashlib
import uuid

from pydantic import JsonValue

from adapters.linear import queries
from adapters.linear.client import VENDOR, LinearClient
from adapters.linear.settings import LinearSettings
from adapters.linear.wire import (
    Attached,
    Comment,
    CreatedComment,
    FoundComment,
    FoundIssues,
    IssueStates,
    MovedIssue,
    UpdatedComment,
    Viewer,
)
from adapters.trackers.marks import marked
from domain.errors import InvalidInput, VendorOutcomeUnknown, VendorRejected
from domain.vendors import TicketLink, TicketRef

OVER = {"canceled": "cancelled", "completed": "completed", "duplicate": "marked as a duplicate"}
"""Types of states in which nothing more is wanted, and how people say it."""


class LinearTracker:
    """Implements `domain.ports.Tracker`. Raises InvalidInput if the settings hold no token."""

    def __init__(self, settings: LinearSettings) -> None:
        if settings.token is None:
            raise InvalidInput("No Linear credentials. Set CCB_LINEAR_TOKEN.", field="CCB_LINEAR_TOKEN")
        self._client = LinearClient(settings.base_url, settings.token)
        self._done = settings.done_state
        self._account = ""

    async def comment(self, ticket: TicketRef, *, key: str, body: str) -> None:
        comment, text = comment_id(ticket, key), marked(body)
        found = await self._find(ticket, comment)
        if found is None:
            try:
                await self._create(ticket, comment, text)
            except VendorRejected:
                # A call that was believed dead may have made it meanwhile; Linear takes an id once.
                if await self._find(ticket, comment) is None:
                    raise
                await self._edit(comment, text)
        elif found.body != text:
            await self._edit(comment, text)

    async def link(self, ticket: TicketRef, link: TicketLink) -> None:
        # Linear replaces the attachment of the same URL on the same issue.
        given: dict[str, JsonValue] = {"issueId": ticket.id, "title": link.title, "url": link.url}
        answer = await self._client.ask(queries.ATTACH, Attached, input=given)
        _require(answer.done.success, f"show a link on {ticket.key}")

    async def finish(self, ticket: TicketRef) -> None:
        issue = (await self._client.ask(queries.ISSUE_STATES, IssueStates, issue=ticket.id)).issue
        states = issue.team.states.nodes
        wanted = next((state for state in states if state.name.casefold() == self._done.casefold()), None)
        if wanted is None:
            there = ", ".join(state.name for state in states)
            raise VendorRejected(
                f"{ticket.key} cannot become {self._done}: its team has {there}. Set CCB_LINEAR_DONE_STATE.",
                vendor=VENDOR,
            )
        if issue.state.id == wanted.id:
            return
        move: dict[str, JsonValue] = {"stateId": wanted.id}
        moved = (await self._client.ask(queries.MOVE_ISSUE, MovedIssue, id=ticket.id, input=move)).done
        there_now = moved.issue is not None and moved.issue.state.id == wanted.id
        _require(moved.success and there_now, f"bring {ticket.key} to {wanted.name}")

    async def is_open(self, ticket: TicketRef) -> bool:
        # A list, since an issue that is gone is an error elsewhere, and has no place in a list.
        found = (await self._client.ask(queries.OPEN_ISSUE, FoundIssues, issue=ticket.id)).issues.nodes
        return any(issue.id == ticket.id and issue.state.type not in OVER for issue in found)

    async def account(self) -> str:
        if not self._account:
            self._account = (await self._client.ask(queries.VIEWER, Viewer)).viewer.id
        return self._account

    async def _find(self, ticket: TicketRef, comment: str) -> Comment | None:
        found = await self._client.ask(queries.FIND_COMMENT, FoundComment, issue=ticket.id, comment=comment)
        return next((one for one in found.issue.comments.nodes if one.id == comment), None)

    async def _create(self, ticket: TicketRef, comment: str, text: str) -> None:
        given: dict[str, JsonValue] = {"id": comment, "issueId": ticket.id, "body": text}
        answer = await self._client.ask(queries.CREATE_COMMENT, CreatedComment, input=given)
        _require(answer.done.success and answer.done.comment.id == comment, f"comment on {ticket.key}")

    async def _edit(self, comment: str, text: str) -> None:
        answer = await self._client.ask(queries.UPDATE_COMMENT, UpdatedComment, id=comment, input={"body": text})
        _require(answer.done.success, "edit a comment")


def _require(done: bool, what: str) -> None:
    if not done:
        raise VendorOutcomeUnknown(f"Linear does not say that it did what was asked: {what}.", vendor=VENDOR)


def comment_id(ticket: TicketRef, key: str) -> str:
    """A UUID v4 for the comment of `key`: 74 bits of the key's hash, and a check of them in the last 48."""
    head = hashlib.sha256(f"{ticket.id}/{key}".encode()).digest()[:10]
    value = bytearray(head + bytes(6))
    value[6] = value[6] & 0x0F | 0x40
    value[8] = value[8] & 0x3F | 0x80
    value[10:] = _check(bytes(value[:10]))
    return str(uuid.UUID(bytes=bytes(value)))


def made_here(comment: str) -> bool:
    """Whether the id of a comment is one of ours."""
    try:
        value = uuid.UUID(comment).bytes
    except ValueError:
        return False
    return value[10:] == _check(value[:10])


def _check(head: bytes) -> bytes:
    return hashlib.sha256(b"ccb comment " + head).digest()[:6]
