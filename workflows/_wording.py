"""What people read in the chat while a run goes on."""

import json

from domain.lifecycle import Operation, Stage
from domain.review import Decision, Review
from domain.runs import Waiting
from domain.steps.tickets import TellTicket
from domain.vendors import Button, ChatMessage, TicketLink, TicketRef
from workflows._book import RunBook, failure_lines

APPROVE = "review.approve"
REQUEST_CHANGES = "review.request_changes"


def review_message(book: RunBook) -> ChatMessage:
    """Asks for a review. The buttons carry the content hash that is under review."""
    value = json.dumps({"integration_id": book.cmd.integration_id, "content_hash": book.content_hash})
    return ChatMessage(
        title=f"Review {book.name} {book.version}",
        text=_summary(book),
        buttons=[
            Button(text="Approve", action=APPROVE, value=value, style="primary"),
            Button(text="Request changes", action=REQUEST_CHANGES, value=value),
        ],
    )


def decided_message(book: RunBook, decision: Decision, reviews: list[Review]) -> ChatMessage:
    """Replaces the request for a review once it is decided: there is nothing to press any more."""
    approved = decision is Decision.APPROVE
    names = ", ".join(dict.fromkeys(one.reviewer.name for one in reviews if one.decision is decision))
    return ChatMessage(
        title=f"{book.name} {book.version} {'is approved' if approved else 'is to be changed'}",
        text=f"{_summary(book)}\n{'Approved' if approved else 'Changes were asked for'} by {names}.",
    )


def progress_message(book: RunBook) -> ChatMessage:
    """Replaces the request for a review once there is nothing to press any more."""
    titles = {Stage.ACTIVE: "is active", Stage.FAILED: "failed"}
    if book.failure and book.stage is not Stage.FAILED:
        became = f"failed to {book.operation.words}"
    else:
        became = titles.get(book.stage, f"is {book.stage}")
    return ChatMessage(
        title=f"{book.name or book.title} {book.version} {became}",
        text=_summary(book),
    )


def reminder(book: RunBook, days: int) -> ChatMessage:
    pull = book.pull_request.url if book.pull_request else ""
    return ChatMessage(
        title=f"{book.name} {book.version} still waits for a review",
        text=f"It has waited for {days} day{'s' if days != 1 else ''}. {pull}",
    )


def pause_message(book: RunBook, waiting: Waiting) -> ChatMessage:
    """A run stands at a limit; it goes on by itself where the limit begins anew."""
    return ChatMessage(
        title=f"{book.name or book.title} {book.version} waits",
        text=f"It waits for {waiting.what}",
    )


def ticket_telling(book: RunBook, ticket: TicketRef, *, key: str) -> TellTicket:
    """What the ticket that asked is to say. It is done once what it asked for serves."""
    links = []
    if book.pull_request:
        links.append(TicketLink(url=book.pull_request.url, title=f"Pull request: {book.name} {book.version}"))
    if book.url:
        links.append(TicketLink(url=book.url, title=f"Running: {book.name}"))
    wanted = book.operation in {Operation.CREATE, Operation.UPDATE}
    done = wanted and book.stage is Stage.ACTIVE and book.failure is None
    return TellTicket(ticket=ticket, key=key, body=book.markdown(), links=links, done=done)


def _summary(book: RunBook) -> str:
    lines = [book.plan.summary if book.plan else book.title]
    if book.pull_request:
        lines.append(f"Pull request: {book.pull_request.url}")
    if book.tests:
        lines.append(f"Tests: {book.tests.passed} passed, {book.tests.failed} failed. Asked for by {_requester(book)}.")
    if book.plan:
        lines.append(f"It can reach: {', '.join(book.plan.hosts)}.")
    if book.url:
        lines.append(f"Running at {book.url}")
    if book.failure:
        lines += failure_lines(book.failure)
        lines += [f"{book.previous} serves on, untouched."] if book.previous else []
    return "\n".join(lines)


def _requester(book: RunBook) -> str:
    return book.cmd.requester.name
