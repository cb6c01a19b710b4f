"""Commands in comments: what they ask for, who may, and what is no command at all."""

import json
from typing import Any

import pytest

from adapters.github import commands, marks
from domain.access import Permission
from domain.intents import AbandonIntent, AnswerIntent, Intent, RefuseIntent, ReviewIntent, TestIntent, UpdateIntent
from domain.listing import About
from domain.people import Actor, Channel, Role
from domain.review import Decision
from tests.contract.github.standing import HEAD, Standing, comment
from tests.contract.granting import granting


@pytest.fixture(autouse=True)
async def people(standing: Standing) -> None:
    await standing.person("grace", Role.REVIEWER)
    await standing.person("dev", Role.DEVELOPER)
    await standing.person("eve", Role.VIEWER)


async def said(standing: Standing, text: str, **how: Any) -> Intent:
    how = {"by": "grace", "on_pull": True} | how
    return await standing.interpret("issue_comment", json.dumps(comment(text, **how)).encode())


@pytest.mark.parametrize(
    "text",
    [
        "Looks good to me",
        "I would /ccb approve this",
        "> /ccb approve abcdef0\n\nwhat does this do?",
        "```\n/ccb abandon\n```",
        "~~~~\n/ccb abandon\n~~~\n/ccb abandon\n~~~~",
        "    /ccb abandon",
        "/ccbx status",
        "@ccbot status",
        "@ccb-team status",
        marks.marked("/ccb abandon", "key"),
        "\n " + marks.marked("/ccb status", "key"),
        "",
    ],
)
async def test_what_is_no_command_starts_nothing(standing: Standing, text: str) -> None:
    assert (await said(standing, text)).kind == "none"


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("/ccb status", "status", ""),
        ("@ccb status please", "status", "please"),
        ("@ccb[bot] STATUS", "status", ""),
        ("/ccb", "help", ""),
        ("Thanks!\r\n/ccb request-changes Name it\r\nbetter", "request-changes", "Name it\nbetter"),
        ("> quoted\n/ccb update A\n> quoted\nB", "update", "A\nB"),
        ("```\ncode\n```\n/ccb retry", "retry", ""),
        ("/ccb destroy everything", None, "everything"),
    ],
)
def test_commands_are_lines_of_their_own(text: str, name: str | None, words: str) -> None:
    found = commands.find(text, "ccb")
    assert found is not None
    assert (found.name, found.words) == (name, words)


def test_nothing_that_we_answer_is_a_command() -> None:
    """Even without its mark, as somebody may copy it."""
    assert commands.find(commands.HELP, "ccb") is None


async def test_an_approval_names_the_commit_that_was_looked_at(standing: Standing) -> None:
    approved = await said(standing, f"/ccb approve {HEAD[:10]}")
    assert isinstance(approved, ReviewIntent)
    assert (approved.review.decision, approved.review.reviewer.name) == (Decision.APPROVE, "grace")
    for text in ("/ccb approve", "/ccb approve 0123456789", "/ccb approve now"):
        refused = await said(standing, text)
        assert isinstance(refused, RefuseIntent)
        assert HEAD[:12] in refused.reason
    await standing.serves()
    refused = await said(standing, f"/ccb approve {HEAD[:10]}")
    assert isinstance(refused, RefuseIntent)
    assert "Nothing waits" in refused.reason


async def test_changes_are_asked_for_while_it_waits_and_an_update_afterwards(standing: Standing) -> None:
    changes = await said(standing, "/ccb request-changes Say units")
    assert isinstance(changes, ReviewIntent)
    assert (changes.review.decision, changes.review.comment) == (Decision.REQUEST_CHANGES, "Say units")
    assert (await said(standing, "/ccb request-changes")).kind == "refuse"
    assert (await said(standing, "/ccb update Say units", by="dev")).kind == "refuse"
    await standing.serves()
    assert (await said(standing, "/ccb request-changes Say units")).kind == "refuse"
    update = await said(standing, "/ccb update Say units\nin the README", by="dev")
    assert isinstance(update, UpdateIntent)
    reason = update.update.reason
    assert (reason.kind, reason.title, reason.words) == ("review", "Say units", "Say units\nin the README")
    assert update.update.request_key == "github/comment/99"
    assert update.update.requester.name == "dev"


async def test_on_the_issue_too(standing: Standing) -> None:
    status = await said(standing, "/ccb status", on_pull=False)
    assert isinstance(status, AnswerIntent)
    assert "waits for review" in status.text
    assert HEAD[:12] in status.text
    stopped = await said(standing, "/ccb abandon Not needed", on_pull=False, by="dev")
    assert isinstance(stopped, AbandonIntent)
    assert (stopped.reason, stopped.pull_request) == ("Not needed", None)
    assert (await said(standing, "/ccb retry", on_pull=False, by="dev")).kind == "retry"
    assert (await said(standing, "/ccb status", on_pull=False, number=77)).kind == "none"


async def test_a_test_is_of_what_serves(standing: Standing) -> None:
    assert (await said(standing, "/ccb test", by="dev")).kind == "refuse"
    await standing.serves()
    asked = await said(standing, "/ccb test", by="dev")
    assert isinstance(asked, TestIntent)
    assert [test.integration_id for test in asked.tests] == [standing.id]


@pytest.mark.parametrize("text", [f"/ccb approve {HEAD}", "/ccb abandon", "/ccb retry", "/ccb update x", "/ccb test"])
async def test_who_may_not_is_told_so(standing: Standing, text: str) -> None:
    for login in ("eve", "stranger"):
        refused = await said(standing, text, by=login)
        assert isinstance(refused, RefuseIntent)
    if "approve" in text:
        assert (await said(standing, text, by="dev")).kind == "refuse"


async def test_a_review_by_somebody_who_may_not_review_does_not_count(standing: Standing) -> None:
    refused = await approved(standing, "dev")
    assert isinstance(refused, RefuseIntent)
    assert "runs:review" in refused.reason


async def test_a_right_under_conditions_is_had_where_they_are_met(standing: Standing) -> None:
    for name, pattern in (("here", "hello-*"), ("elsewhere", "other-*")):
        role = await granting(standing.db, name, Permission.RUNS_REVIEW, Permission.RUNS_STEER, name=pattern)
        await standing.person(name, role)
    assert (await said(standing, f"/ccb approve {HEAD}", by="here")).kind == "review"
    assert (await said(standing, "/ccb abandon", by="here")).kind == "abandon"
    assert (await approved(standing, "here")).kind == "review"
    for refused in (
        await said(standing, f"/ccb approve {HEAD}", by="elsewhere"),
        await said(standing, "/ccb abandon", by="elsewhere"),
        await approved(standing, "elsewhere"),
    ):
        assert isinstance(refused, RefuseIntent)
        assert "under conditions" in refused.reason


async def test_whose_it_is_now_counts_and_not_who_asked(standing: Standing) -> None:
    role = await granting(standing.db, "owners", Permission.RUNS_STEER, owner="self")
    owner = await standing.person("heir", role)
    assert (await said(standing, "/ccb abandon", by="heir")).kind == "refuse"
    theirs = Actor(channel=Channel.API, name="heir", person_id=owner.id)
    await standing.integrations.describe(standing.id, About(title="Hello", owner=theirs), revision=None, by=theirs)
    assert (await said(standing, "/ccb abandon", by="heir")).kind == "abandon"


async def approved(standing: Standing, login: str) -> Intent:
    """What follows from a review of GitHub's own."""
    shown = comment("", on_pull=True)
    payload = {
        "action": "submitted",
        "review": {
            "id": 5,
            "state": "approved",
            "body": None,
            "commit_id": HEAD,
            "html_url": "https://example.com",
            "user": {"login": login, "id": 1},
        },
        "pull_request": {
            **{key: shown["issue"][key] for key in ("number", "title", "html_url", "state")},
            "head": {"ref": "x", "sha": HEAD},
            "base": {"ref": "main", "sha": "0" * 40},
        },
        "repository": shown["repository"],
        "sender": {"login": login, "id": 1},
    }
    return await standing.interpret("pull_request_review", json.dumps(payload).encode())
