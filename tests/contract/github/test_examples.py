"""GitHub's published examples of webhooks, all events: read into our types, and into what they ask for."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.github import webhooks
from domain.intents import CheckIntent, InstallationIntent, NoIntent, PushIntent
from domain.people import Role
from tests.contract.github.published import read
from tests.contract.github.standing import APP, HEAD, REPO, Standing

EXAMPLES = read("webhooks.json.gz")


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    for one in EXAMPLES:
        for payload in one["examples"]:
            yield one["name"], payload


def test_all_events_are_there() -> None:
    assert len(EXAMPLES) >= 58
    assert sum(1 for _ in examples()) >= 329


def test_each_is_read_or_passed_over() -> None:
    """Not one is refused; and what is read is of the type that its event has."""
    found: Counter[str] = Counter()
    for event, payload in examples():
        parsed = webhooks.parse(event, json.dumps(payload).encode())
        if parsed is not None:
            found[f"{event} {payload.get('action', '')}".strip()] += 1
            assert type(parsed).__name__.removesuffix("Event").lower() in {
                event.replace("_", ""),
                *{"issues": ["issue"], "issue_comment": ["comment"], "pull_request_review": ["review"]}.get(event, []),
                *{"pull_request_review_comment": ["reviewcomment"]}.get(event, []),
            }
    assert found == {
        "check_run completed": 1,
        "installation created": 2,
        "installation deleted": 2,
        "installation suspend": 1,
        "installation unsuspend": 1,
        "installation_repositories added": 2,
        "installation_repositories removed": 1,
        "issue_comment created": 5,
        "issues labeled": 2,
        "issues opened": 4,
        "pull_request closed": 2,
        "pull_request opened": 4,
        "pull_request reopened": 2,
        "pull_request synchronize": 1,
        "pull_request_review submitted": 3,
        "pull_request_review_comment created": 3,
        "push": 7,
    }


async def test_each_asks_for_what_it_should(standing: Standing) -> None:
    """Of an integration whose issue and pull request are those of the examples."""
    await standing.person("Codertocat", Role.REVIEWER)
    asked: dict[str, Counter[str]] = {}
    for event, payload in examples():
        intent = await standing.interpret(event, json.dumps(payload).encode())
        if not isinstance(intent, NoIntent):
            asked.setdefault(f"{event} {payload.get('action', '')}", Counter())[intent.kind] += 1
        if isinstance(intent, CheckIntent):
            assert (intent.check.repo, intent.check.sha, intent.check.name) == (REPO, HEAD, "Octocoders-linter")
        if isinstance(intent, PushIntent):
            assert (intent.integration_id, intent.moved.number) == (standing.id, 2)
        if isinstance(intent, InstallationIntent):
            assert intent.change.installation_id > 0
            assert intent.change.added or intent.change.removed or intent.change.state
    assert {event: dict(kinds) for event, kinds in asked.items()} == {
        "check_run completed": {"check": 1},
        "installation created": {"installation": 2},
        "installation deleted": {"installation": 2},
        "installation suspend": {"installation": 1},
        "installation unsuspend": {"installation": 1},
        "installation_repositories added": {"installation": 2},
        "installation_repositories removed": {"installation": 1},
        "pull_request closed": {"abandon": 2},
        "pull_request synchronize": {"push": 1},
    }


VARIED: list[tuple[str, str, dict[str, Any], str]] = [
    ("pull_request_review", "submitted", {"review.state": "approved"}, "review"),
    ("pull_request_review", "submitted", {"review.state": "changes_requested"}, "review"),
    ("pull_request_review", "submitted", {"review.state": "approved", "review.commit_id": "0" * 40}, "refuse"),
    ("pull_request_review", "submitted", {"review.state": "approved", "review.body": "<!-- ccb:x -->\nwell"}, "none"),
    ("pull_request", "closed", {"pull_request.merged": True}, "review"),
    ("pull_request", "closed", {"sender.type": "Bot"}, "none"),
    ("pull_request", "synchronize", {"sender.type": "Bot"}, "push"),
    ("check_run", "completed", {"check_run.conclusion": "timed_out"}, "check"),
    ("check_run", "completed", {"check_run.conclusion": "cancelled"}, "none"),
    ("check_run", "completed", {"check_run.conclusion": "failure", "check_run.app.id": APP}, "none"),
    (
        "check_suite",
        "completed",
        {"check_suite.conclusion": "startup_failure", "check_suite.latest_check_runs_count": 0},
        "check",
    ),
    (
        "check_suite",
        "completed",
        {"check_suite.conclusion": "failure", "check_suite.latest_check_runs_count": 2},
        "none",
    ),
    ("workflow_run", "completed", {"workflow_run.conclusion": "failure"}, "check"),
    ("status", "", {"state": "error"}, "check"),
    ("status", "", {"state": "failure", "context": "ccb/tests"}, "none"),
    ("issue_comment", "created", {"comment.body": "/ccb status"}, "answer"),
    ("pull_request_review_comment", "created", {"comment.body": "/ccb request-changes Rename it"}, "review"),
    ("issues", "labeled", {"label.name": "integration"}, "refuse"),
    ("issues", "labeled", {"label.name": "integration", "issue.state": "closed"}, "none"),
]


@pytest.mark.parametrize(("event", "action", "changes", "kind"), VARIED, ids=range(len(VARIED)))
async def test_an_example_that_is_changed_asks_for_what_it_should(
    standing: Standing, event: str, action: str, changes: dict[str, Any], kind: str
) -> None:
    await standing.person("Codertocat", Role.REVIEWER)
    (payload, *_) = [one for name, one in examples() if name == event and one.get("action", "") == action]
    payload = json.loads(json.dumps(payload))
    for place, value in changes.items():
        *way, last = place.split(".")
        within = payload
        for part in way:
            within = within[part]
        within[last] = value
    assert (await standing.interpret(event, json.dumps(payload).encode())).kind == kind
