"""Telling issues in Jira: once for each key, whatever becomes of the answers."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from adapters.jira import adf
from adapters.jira.settings import JiraSettings
from adapters.jira.tracker import JiraTracker
from adapters.trackers import marks
from domain.errors import InvalidInput, VendorOutcomeUnknown, VendorRateLimited, VendorRejected, VendorUnavailable
from domain.vendors import TicketLink, TicketRef
from simulators.kit import Simulators

LINK = TicketLink(url="https://github.example/acme/integrations/pull/7", title="Pull request")
OPERATIONS = json.loads((Path(__file__).parent / "operations.json").read_text())["operations"]


async def seen(simulators: Simulators, ticket: TicketRef) -> dict[str, Any]:
    issues = (await simulators.look("jira", "state"))["issues"]
    found: dict[str, Any] = next(issue for issue in issues if issue["id"] == ticket.id)
    return found


def texts(issue: dict[str, Any]) -> list[str]:
    return [adf.text_of(comment["body"]).replace(marks.MARK, "").strip() for comment in issue["comments"]]


async def test_one_comment_for_each_key(tracker: JiraTracker, ticket: TicketRef, simulators: Simulators) -> None:
    await simulators.act("jira", "comments", user="ada", issue=ticket.key, body="Thanks in advance.")
    for body in ("**requested**", "~~requested~~ → **testing**"):
        await tracker.comment(ticket, key="integration/int_1", body=body)
    await tracker.comment(ticket, key="refused", body="No.")
    assert texts(await seen(simulators, ticket)) == ["Thanks in advance.", "requested → testing", "No."]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/comment$"), ("PUT", "/comment/"), ("POST", "/remotelink$"), ("POST", "/transitions$")],
    ids=["comment", "edit", "link", "transition"],
)
async def test_a_lost_reply_leads_to_no_second_one(
    tracker: JiraTracker, ticket: TicketRef, simulators: Simulators, method: str, path: str
) -> None:
    async def all_of_it() -> None:
        for body in ("begun", "done"):
            await tracker.comment(ticket, key="k", body=body)
        await tracker.link(ticket, LINK)
        await tracker.finish(ticket)

    await simulators.fault("jira", "lose_reply", method=method, path=path)
    with pytest.raises(VendorOutcomeUnknown):
        await all_of_it()
    await all_of_it()
    after = await seen(simulators, ticket)
    assert (texts(after), len(after["links"]), after["fields"]["status"]["name"]) == (["done"], 1, "Done")


async def test_calls_that_cross_leave_one_comment(
    tracker: JiraTracker, ticket: TicketRef, simulators: Simulators
) -> None:
    await tracker.account()
    await simulators.fault("jira", "latency", path="/comment$", method="GET", times=2, seconds=0.3)
    await asyncio.gather(*(tracker.comment(ticket, key="k", body=body) for body in ("one", "two")))
    await tracker.comment(ticket, key="k", body="three")
    assert texts(await seen(simulators, ticket)) == ["three"]


async def test_ours_is_found_behind_many_comments(
    tracker: JiraTracker, ticket: TicketRef, simulators: Simulators
) -> None:
    await tracker.comment(ticket, key="k", body="first")
    for number in range(21):
        await simulators.act("jira", "comments", user="ada", issue=ticket.key, body=f"{number}")
    await tracker.comment(ticket, key="k", body="second")
    found = texts(await seen(simulators, ticket))
    assert (found[0], len(found)) == ("second", 22)


async def test_a_finished_issue_is_not_moved_again(
    tracker: JiraTracker, ticket: TicketRef, simulators: Simulators
) -> None:
    await tracker.finish(ticket)
    last = await simulators.last("jira")
    await tracker.finish(ticket)
    assert [one.method for one in await simulators.journal("jira", since=last)] == ["GET"]


async def test_a_status_there_is_not_is_refused_with_those_there_are(settings: JiraSettings, ticket: TicketRef) -> None:
    tracker = JiraTracker(settings.model_copy(update={"done_status": "Shipped"}))
    with pytest.raises(VendorRejected, match=r"Shipped.*In Progress.*CCB_JIRA_DONE_STATUS"):
        await tracker.finish(ticket)


async def test_a_transition_may_be_named_instead_of_its_status(
    settings: JiraSettings, ticket: TicketRef, simulators: Simulators
) -> None:
    await JiraTracker(settings.model_copy(update={"done_status": "move to done"})).finish(ticket)
    assert (await seen(simulators, ticket))["fields"]["status"]["name"] == "Done"


async def test_an_issue_is_open_until_it_is_over_or_gone(
    tracker: JiraTracker, ticket: TicketRef, simulators: Simulators
) -> None:
    assert await tracker.is_open(ticket)
    await simulators.act("jira", "edit", user="ada", issue=ticket.key, status="Cancelled")
    assert not await tracker.is_open(ticket)
    assert not await tracker.is_open(ticket.model_copy(update={"id": "9"}))


async def test_an_issue_that_is_gone_is_refused(tracker: JiraTracker, ticket: TicketRef) -> None:
    with pytest.raises(VendorRejected, match=r"Issue does not exist.*may not see it"):
        await tracker.comment(ticket.model_copy(update={"id": "9"}), key="k", body="done")


async def test_wrong_credentials_are_refused_with_what_to_do(settings: JiraSettings, ticket: TicketRef) -> None:
    tracker = JiraTracker(JiraSettings(base_url=settings.base_url, email="ccb@example.com", token="wrong"))
    with pytest.raises(VendorRejected, match="CCB_JIRA_TOKEN"):
        await tracker.comment(ticket, key="k", body="done")
    with pytest.raises(InvalidInput, match="CCB_JIRA_BASE_URL"):
        JiraTracker(JiraSettings(token="alone"))


async def test_a_limit_is_waited_for_as_long_as_jira_says(
    tracker: JiraTracker, ticket: TicketRef, simulators: Simulators
) -> None:
    await simulators.fault("jira", "error", status=429, headers={"Retry-After": "5"})
    with pytest.raises(VendorRateLimited) as told:
        await tracker.comment(ticket, key="k", body="done")
    assert told.value.retry_after == 5


@pytest.mark.parametrize(
    "fault", [{"kind": "drop"}, {"kind": "error", "status": 502, "body": "<html>"}], ids=["dropped", "502"]
)
async def test_failures_in_our_words(
    tracker: JiraTracker, ticket: TicketRef, simulators: Simulators, fault: dict[str, Any]
) -> None:
    for method, expected in (("GET", VendorUnavailable), ("POST", VendorOutcomeUnknown)):
        await simulators.reset_faults("jira")
        await simulators.fault("jira", method=method, path="/transitions$", **fault)
        with pytest.raises(expected):
            await tracker.finish(ticket)


async def test_requests_are_as_published(tracker: JiraTracker, ticket: TicketRef, simulators: Simulators) -> None:
    """Method, path, and the name of every parameter and field."""
    last = await simulators.last("jira")
    for body in ("one", "two"):
        await tracker.comment(ticket, key="k", body=body)
    await tracker.link(ticket, LINK)
    await tracker.finish(ticket)
    used = {
        _operation(one.method, one.path, one.query, one.body) for one in await simulators.journal("jira", since=last)
    }
    assert used == {operation["name"] for operation in OPERATIONS} - {"deleteComment"}


def test_the_check_of_requests_can_fail() -> None:
    with pytest.raises(AssertionError):
        _operation("POST", "/rest/api/3/issue/1/comment", "", '{"comment": "x"}')


def _operation(method: str, path: str, query: str, body: str) -> str:
    """Which operation a request is of."""
    for operation in OPERATIONS:
        if operation["method"] == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation["path"]), path):
            assert {name for name, _ in parse_qsl(query)} <= set(operation["query"]), path
            assert set(json.loads(body) if body else {}) <= set(operation["body"]), path
            return str(operation["name"])
    raise AssertionError(f"{method} {path} is not published")
