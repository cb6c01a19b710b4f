"""An integration in a real database whose version 1.0.0 waits for review, at the place that GitHub's examples name."""

from datetime import UTC, datetime
from typing import Any

from adapters.database import Database, SqlIntegrations, SqlPeople
from adapters.github.inbox import GitHubInbox
from adapters.github.settings import GitHubSettings
from domain import ids
from domain.artifacts import ArtifactRef, content_hash
from domain.conversation import Budget
from domain.intents import Intent
from domain.lifecycle import Stage
from domain.people import Actor, Channel, Person
from domain.registry import Integration, Version
from domain.review import ReviewPolicy
from domain.runs import CreateIntegration, Delivery, DocumentSource, IntegrationRequest
from domain.vendors import IssueRef, PullRequest

REPO = "Codertocat/Hello-World"
ISSUE = 1
PULL = 2
HEAD = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
"""The pull request's head in most of the examples."""
NAME = "hello-world"
REF = ArtifactRef(hash=content_hash(b"x"), size=1)
_WAY = (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING)
APP = 4711


class Standing:
    def __init__(self, db: Database) -> None:
        self.db = db
        self.integrations = SqlIntegrations(db)
        self.people = SqlPeople(db)
        settings = GitHubSettings(app_id=APP)
        policy, budget = ReviewPolicy(), Budget()
        self.inbox = GitHubInbox(settings, self.integrations, self.people, policy=policy, budget=budget)
        self.id = ids.new("int")

    async def begin(self) -> Integration:
        cmd = CreateIntegration(
            integration_id=self.id,
            organization_id=ids.DEFAULT_ORGANIZATION,
            request=IntegrationRequest(title="Hello", document=DocumentSource(url="https://example.com/openapi.json")),
            requester=Actor(channel=Channel.GITHUB, name="somebody"),
            repository=REPO,
            issue=IssueRef(repo=REPO, number=ISSUE),
        )
        await self.integrations.accept(cmd, workflow_id=ids.lifecycle_workflow(self.id), run_id="r1")
        await self.integrations.claim_name(self.id, NAME)
        for stage in _WAY:
            await self.integrations.enter(self.id, stage, key=stage)
        await self.version("1.0.0", HEAD)
        return await self.integrations.get(self.id)

    async def version(self, number: str, head: str, *, pull: int = PULL) -> None:
        shown = PullRequest(
            repo=REPO, number=pull, url=f"https://github.com/{REPO}/pull/{pull}", head_sha=head, state="open"
        )
        version = Version(
            integration_id=self.id,
            version=number,
            content_hash=content_hash(head.encode()),
            files=REF,
            plan=REF,
            pull_request=shown,
        )
        await self.integrations.record_version(version, key=head)

    async def serves(self) -> None:
        """It was approved and deployed."""
        await self.integrations.enter(self.id, Stage.DEPLOYING, key="deploying")
        await self.integrations.enter(self.id, Stage.ACTIVE, key="active", version="1.0.0", url="https://example.com/i")

    async def person(self, login: str, role: str, *, kind: str = "person") -> Person:
        return await self.people.add(
            Person.model_validate({"id": ids.new("per"), "name": login, "github": login, "role": role, "kind": kind})
        )

    async def interpret(self, event: str, body: bytes) -> Intent:
        delivery = Delivery(source="github", id=ids.new("del"), event=event, received_at=datetime.now(UTC), body=REF)
        return await self.inbox.interpret(delivery, body)


def user(login: str = "Codertocat", kind: str = "User") -> dict[str, Any]:
    return {"login": login, "id": 7, "type": kind}


def comment(text: str, *, by: str = "Codertocat", on_pull: bool = False, number: int | None = None) -> dict[str, Any]:
    """An `issue_comment` that was made."""
    number = number or (PULL if on_pull else ISSUE)
    kind = "pull" if on_pull else "issues"
    url = f"https://github.com/{REPO}/{kind}/{number}"
    return {
        "action": "created",
        "issue": {
            "number": number,
            "title": "Hello",
            "html_url": url,
            "state": "open",
            "created_at": "2026-11-23T09:00:00Z",
            "user": user(),
            **({"pull_request": {"html_url": url}} if on_pull else {}),
        },
        "comment": {"id": 99, "body": text, "html_url": f"{url}#1", "user": user(by)},
        "repository": {"full_name": REPO, "default_branch": "main"},
        "sender": user(by),
    }
