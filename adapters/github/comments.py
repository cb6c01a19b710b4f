"""What a command in a comment asks for. The rules are those of the API: the same permission, the same reviewers."""

import re
from dataclasses import dataclass

from adapters.github import commands, who
from adapters.github.commands import Command
from adapters.github.events import CommentEvent, ReviewComment, ReviewCommentEvent
from domain import ids
from domain.access import Permission
from domain.conversation import Budget
from domain.intents import (
    AbandonIntent,
    AnswerIntent,
    Intent,
    NoIntent,
    Origin,
    RefuseIntent,
    RetryIntent,
    ReviewIntent,
    TestIntent,
    UpdateIntent,
)
from domain.lifecycle import Stage
from domain.operations import UpdateIntegration, UpdateReason
from domain.people import Actor
from domain.ports import Integrations, People
from domain.registry import Integration, Version
from domain.review import Decision, Review, ReviewPolicy
from domain.runs import Delivery
from domain.testing import TestVersion, Trigger
from domain.vendors import IssueRef

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_NEEDS: dict[commands.Name, Permission] = {
    "status": Permission.RUNS_READ,
    "approve": Permission.RUNS_REVIEW,
    "request-changes": Permission.RUNS_REVIEW,
    "abandon": Permission.RUNS_STEER,
    "retry": Permission.RUNS_STEER,
    "update": Permission.INTEGRATIONS_UPDATE,
    "test": Permission.INTEGRATIONS_TEST,
}


@dataclass(frozen=True)
class _Asked:
    """A command about an integration, by somebody who may; `pull` is the pull request's number, if it is on one."""

    command: Command
    found: Integration
    versions: list[Version]
    by: Actor
    origin: Origin
    comment: int
    delivery: Delivery
    pull: int | None

    @property
    def reviewed(self) -> Version | None:
        """The version that waits for review."""
        made = [one for one in self.versions if one.pull_request is not None]
        return made[-1] if made and self.found.stage is Stage.REVIEWING else None

    def refuse(self, reason: str) -> RefuseIntent:
        return RefuseIntent(origin=self.origin, reason=reason, once=False)


class Comments:
    def __init__(
        self, integrations: Integrations, people: People, *, mention: str, policy: ReviewPolicy, budget: Budget
    ) -> None:
        self._integrations = integrations
        self._people = people
        self._mention = mention
        self._policy = policy
        self._budget = budget

    async def asked(self, event: CommentEvent | ReviewCommentEvent, delivery: Delivery) -> Intent:
        """Plain comments ask for nothing."""
        command = commands.find(event.comment.body, self._mention)
        if command is None:
            return NoIntent(why="a comment, and no command")
        on_pull = isinstance(event, ReviewCommentEvent) or event.issue.pull_request is not None
        shown = event.pull_request if isinstance(event, ReviewCommentEvent) else event.issue
        where = IssueRef(repo=event.repository.full_name, number=shown.number, url=shown.html_url)
        origin, user = Origin(issue=where), event.comment.user or event.sender
        found = await self._about(where, on_pull=on_pull)
        if found is None:
            return NoIntent(why="not about an integration of ours")
        person = await who.known(self._people, user)
        needs = _NEEDS.get(command.name, Permission.RUNS_READ) if command.name else Permission.RUNS_READ
        if (why_not := who.refusal(user.login, person, needs, found)) is not None:
            return RefuseIntent(origin=origin, reason=why_not)
        asked = _Asked(
            command=_placed(command, event.comment),
            found=found,
            versions=await self._integrations.versions(found.id),
            by=who.acting(user, person),
            origin=origin,
            comment=event.comment.id,
            delivery=delivery,
            pull=where.number if on_pull else None,
        )
        return self._intent(asked)

    async def _about(self, where: IssueRef, *, on_pull: bool) -> Integration | None:
        if on_pull:
            return await self._integrations.by_pull_request(where.repo, where.number)
        return await self._integrations.by_issue(where)

    def _intent(self, asked: _Asked) -> Intent:
        match asked.command.name:
            case None:
                return AnswerIntent(origin=asked.origin, text=f"There is no such command.\n\n{commands.HELP}")
            case "help":
                return AnswerIntent(origin=asked.origin, text=commands.HELP)
            case "status":
                return AnswerIntent(origin=asked.origin, text=_standing(asked))
            case "approve":
                return _approved(asked)
            case "request-changes":
                return _changes(asked)
            case "abandon":
                return AbandonIntent(
                    integration_id=asked.found.id,
                    by=asked.by,
                    reason=asked.command.words[:1000] or "asked for in a comment",
                    pull_request=asked.pull,
                    origin=asked.origin,
                    answer="It stops, and undoes what it did.",
                )
            case "retry":
                return RetryIntent(integration_id=asked.found.id, by=asked.by, origin=asked.origin)
            case "test":
                return _test(asked)
            case "update":
                return self._update(asked)

    def _update(self, asked: _Asked) -> Intent:
        found, words = asked.found, asked.command.words
        if not words:
            return asked.refuse("Say what shall be different: `/ccb update WORDS`.")
        if asked.reviewed is not None:
            return asked.refuse("A version waits for review: `/ccb request-changes WORDS` asks for changes of it.")
        update = UpdateIntegration(
            integration_id=found.id,
            organization_id=found.organization_id,
            requester=asked.by,
            repository=found.repository,
            policy=self._policy,
            budget=self._budget,
            request_key=f"github/comment/{asked.comment}",
            reason=UpdateReason(
                kind="request" if asked.pull is None else "review",
                title=words.partition("\n")[0][:300],
                words=words[:100_000],
            ),
        )
        return UpdateIntent(update=update, origin=asked.origin, answer="The next version is under way.")


def _placed(command: Command, comment: object) -> Command:
    """With where in the code it was said."""
    if not isinstance(comment, ReviewComment) or not command.words:
        return command
    line = f", line {comment.line}" if comment.line is not None else ""
    return command.model_copy(update={"words": f"{command.words}\n\n(about `{comment.path}`{line})"})


def _approved(asked: _Asked) -> Intent:
    """An approval is for the commit that it names: the branch may have moved while it was written."""
    version = asked.reviewed
    if version is None or version.pull_request is None:
        return asked.refuse(f"Nothing waits for review: it is {asked.found.stage}.")
    named = _COMMIT.match(asked.command.words.lower().strip("`"))
    head = version.pull_request.head_sha
    if named is None:
        return asked.refuse(f"Say which commit you looked at; the pull request holds {head[:12]} now.")
    if not head.startswith(named[0]):
        return asked.refuse(f"The pull request holds {head[:12]} now, which is another commit. Look again.")
    return _reviewed(asked, version, Decision.APPROVE, "", "Approved.")


def _changes(asked: _Asked) -> Intent:
    if asked.reviewed is None:
        return asked.refuse("Nothing waits for review: `/ccb update WORDS` asks for the next version.")
    if not asked.command.words:
        return asked.refuse("Say what is to be changed: `/ccb request-changes WORDS`.")
    words = asked.command.words[:10_000]
    return _reviewed(asked, asked.reviewed, Decision.REQUEST_CHANGES, words, "The changes are under way.")


def _reviewed(asked: _Asked, version: Version, decision: Decision, words: str, answer: str) -> ReviewIntent:
    review = Review(
        id=f"github:comment:{asked.comment}",
        reviewer=asked.by,
        decision=decision,
        content_hash=version.content_hash,
        comment=words,
        at=asked.delivery.received_at,
    )
    return ReviewIntent(integration_id=asked.found.id, review=review, origin=asked.origin, answer=answer)


def _test(asked: _Asked) -> Intent:
    found = asked.found
    if found.version is None:
        return asked.refuse("There is no version that serves, so there is nothing to test.")
    test = TestVersion(
        id=ids.derived("tst", f"github/comment/{asked.comment}", asked.delivery.received_at),
        integration_id=found.id,
        organization_id=found.organization_id,
        trigger=Trigger.DEMAND,
        requester=asked.by,
    )
    return TestIntent(tests=[test], origin=asked.origin, answer=f"{found.version} is being tested.")


def _standing(asked: _Asked) -> str:
    """Where it stands, as the database has it."""
    found = asked.found
    lines = [f"**{found.name or found.id}** is {found.stage}."]
    if found.version is not None:
        lines.append(f"- {found.version} serves" + (f" at {found.url}" if found.url else ""))
    if found.under_way:
        lines.append(f"- a run is under way: {found.operation.words}")
    if (version := asked.reviewed) is not None and version.pull_request is not None:
        pull = version.pull_request
        lines.append(f"- {version.version} waits for review: {pull.url} at commit {pull.head_sha[:12]}")
    if found.failure is not None:
        why = " ".join(found.failure.replace("`", "'").split())
        lines.append(f"- its newest run failed: `{why[:500]}`")
    return "\n".join(lines)
