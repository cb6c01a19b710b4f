"""Telling issues in Linear: once for each key, whatever becomes of the answers."""

import asyncio
from typing import Any

import pytest

from adapters.linear.settings import LinearSettings
from adapters.linear.tracker import LinearTracker, comment_id, made_here
from adapters.trackers import marks
from domain.errors import InvalidInput, VendorOutcomeUnknown, VendorRateLimited, VendorRejected, VendorUnavailable
from domain.vendors import TicketLink, TicketRef
from simulators.kit import Simulators

LINK = TicketLink(url="https://github.example/acme/integrations/pull/7", title="Pull request")


async def seen(simulators: Simulators, ticket: TicketRef) -> dict[str, Any]:
    issues = (await simulators.look("linear", "state"))["issues"]
    found: dict[str, Any] = next(issue for issue in issues if issue["id"] == ticket.id)
    return found


async def test_one_comment_for_each_key(tracker: LinearTracker, ticket: TicketRef, simulators: Simulators) -> None:
    for body in ("**requested**", "~~requested~~ → **testing**"):
        await tracker.comment(ticket, key="integration/int_1", body=body)
    await tracker.comment(ticket, key="refused", body="No.")
    comments = (await seen(simulators, ticket))["comments"]
    assert [comment["body"].replace(marks.MARK, "") for comment in comments] == ["~~requested~~ → **testing**", "No."]
    assert all(made_here(comment["id"]) and marks.ours(comment["body"]) for comment in comments)


@pytest.mark.parametrize("mutation", ["CreateComment", "Attach", "MoveIssue"])
async def test_a_lost_reply_leads_to_no_second_one(
    tracker: LinearTracker, ticket: TicketRef, simulators: Simulators, mutation: str
) -> None:
    async def all_of_it() -> None:
        await tracker.link(ticket, LINK)
        await tracker.finish(ticket)
        await tracker.comment(ticket, key="k", body="done")

    skipped = {"Attach": 0, "MoveIssue": 2, "CreateComment": 4}[mutation]
    await simulators.fault("linear", "lose_reply", skip=skipped)
    with pytest.raises(VendorOutcomeUnknown):
        await all_of_it()
    await all_of_it()
    after = await seen(simulators, ticket)
    assert (len(after["comments"]), len(after["attachments"]), after["state"]["name"]) == (1, 1, "Done")


async def test_what_is_done_already_is_not_done_again(
    tracker: LinearTracker, ticket: TicketRef, simulators: Simulators
) -> None:
    await tracker.comment(ticket, key="k", body="done")
    await tracker.finish(ticket)
    last = await simulators.last("linear")
    await tracker.comment(ticket, key="k", body="done")
    await tracker.finish(ticket)
    assert not [one for one in await simulators.journal("linear", since=last) if "mutation" in one.body]


async def test_calls_that_cross_make_one_comment(
    tracker: LinearTracker, ticket: TicketRef, simulators: Simulators
) -> None:
    """Neither finds a comment, because both look before either has made it."""
    await simulators.fault("linear", "latency", times=2, seconds=0.3)
    await asyncio.gather(*(tracker.comment(ticket, key="k", body=body) for body in ("one", "two")))
    comments = (await seen(simulators, ticket))["comments"]
    assert [comment["body"].replace(marks.MARK, "") in {"one", "two"} for comment in comments] == [True]


async def test_the_same_address_is_one_link(tracker: LinearTracker, ticket: TicketRef, simulators: Simulators) -> None:
    await tracker.link(ticket, LINK)
    await tracker.link(ticket, LINK.model_copy(update={"title": "Pull request: cities 1.0.0"}))
    [shown] = (await seen(simulators, ticket))["attachments"]
    assert (shown["url"], shown["title"]) == (LINK.url, "Pull request: cities 1.0.0")


async def test_a_state_there_is_not_is_refused_with_those_there_are(
    settings: LinearSettings, ticket: TicketRef
) -> None:
    tracker = LinearTracker(settings.model_copy(update={"done_state": "Shipped"}))
    with pytest.raises(VendorRejected, match=r"Shipped.*In Progress, Done.*CCB_LINEAR_DONE_STATE"):
        await tracker.finish(ticket)


async def test_an_issue_that_is_gone_is_refused(tracker: LinearTracker, ticket: TicketRef) -> None:
    gone = ticket.model_copy(update={"id": "0c0ffee0-0000-4000-8000-00000000dead"})
    with pytest.raises(VendorRejected, match="Entity not found: Issue"):
        await tracker.comment(gone, key="k", body="done")


async def test_wrong_credentials_are_refused_with_what_to_do(settings: LinearSettings, ticket: TicketRef) -> None:
    tracker = LinearTracker(LinearSettings(token="lin_api_wrong", base_url=settings.base_url))
    with pytest.raises(VendorRejected, match="CCB_LINEAR_TOKEN"):
        await tracker.comment(ticket, key="k", body="done")
    with pytest.raises(InvalidInput, match="CCB_LINEAR_TOKEN"):
        LinearTracker(LinearSettings(base_url=settings.base_url))


async def test_a_limit_is_waited_for_as_long_as_linear_says(
    tracker: LinearTracker, ticket: TicketRef, simulators: Simulators
) -> None:
    limited = {"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED", "type": "ratelimited"}}
    far = str(4_102_444_800_000)
    await simulators.fault(
        "linear", "error", status=400, headers={"X-RateLimit-Requests-Reset": far}, body={"errors": [limited]}
    )
    with pytest.raises(VendorRateLimited) as told:
        await tracker.comment(ticket, key="k", body="done")
    assert (told.value.retry_after or 0) > 1_000_000
    await simulators.fault("linear", "error", status=429, headers={"Retry-After": "7"})
    with pytest.raises(VendorRateLimited) as told:
        await tracker.comment(ticket, key="k", body="done")
    assert told.value.retry_after == 7


@pytest.mark.parametrize(
    ("fault", "reads", "writes"),
    [
        ({"kind": "drop"}, VendorUnavailable, VendorOutcomeUnknown),
        ({"kind": "error", "status": 503, "body": "<html>"}, VendorUnavailable, VendorOutcomeUnknown),
        ({"kind": "error", "status": 418, "body": "<html>"}, VendorRejected, VendorRejected),
    ],
    ids=["dropped", "503", "418"],
)
async def test_failures_in_our_words(
    tracker: LinearTracker,
    ticket: TicketRef,
    simulators: Simulators,
    fault: dict[str, Any],
    reads: type[Exception],
    writes: type[Exception],
) -> None:
    for skip, expected in ((0, reads), (1, writes)):
        await simulators.reset_faults("linear")
        await simulators.fault("linear", skip=skip, **fault)
        with pytest.raises(expected):
            await tracker.comment(ticket, key="other", body="done")


async def test_an_issue_is_open_until_it_is_over_or_gone(
    tracker: LinearTracker, ticket: TicketRef, simulators: Simulators
) -> None:
    assert await tracker.is_open(ticket)
    for change in ({"state": "Duplicate"}, {"state": "Todo", "trashed": True}):
        await simulators.act("linear", "edit", user="ada", issue=ticket.key, **change)
        assert not await tracker.is_open(ticket)
    assert not await tracker.is_open(ticket.model_copy(update={"id": "0c0ffee0-0000-4000-8000-00000000dead"}))


async def test_who_we_are(tracker: LinearTracker, simulators: Simulators) -> None:
    last = await simulators.last("linear")
    assert await tracker.account() == await tracker.account()
    assert len(await simulators.journal("linear", since=last)) == 1


def test_an_id_of_ours_is_known_and_no_other() -> None:
    ticket = TicketRef(tracker="linear", id="a", key="ENG-1")
    ids = {comment_id(ticket, "k"), comment_id(ticket, "l"), comment_id(ticket.model_copy(update={"id": "b"}), "k")}
    assert len(ids) == 3
    assert all(made_here(one) and one[14] == "4" and one[19] in "89ab" for one in ids)
    assert not any(made_here(one) for one in ("0c0ffee0-0000-4000-8000-000000000001", "", "x"))
