"""What people read in the chat while a run goes on."""

import json

from domain.lifecycle import Stage
from domain.runs import Waiting
from domain.vendors import Button, ChatMessage
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
        question="What should change?",
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
