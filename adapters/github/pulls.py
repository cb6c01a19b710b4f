"""What becomes of a pull request of ours: reviewed, pushed to, merged, closed."""

from adapters.github import commands, events, pushes, who
from domain.access import Permission
from domain.intents import AbandonIntent, Intent, NoIntent, Origin, PushIntent, RefuseIntent, ReviewIntent, TestIntent
from domain.lifecycle import Stage
from domain.people import Actor
from domain.ports import Integrations, People
from domain.registry import Integration, Version
from domain.review import Decision, Review
from domain.runs import Delivery, HeadMoved
from domain.vendors import IssueRef

_DECISIONS = {"approved": Decision.APPROVE, "changes_requested": Decision.REQUEST_CHANGES}


class Pulls:
    def __init__(self, integrations: Integrations, people: People) -> None:
        self._integrations = integrations
        self._people = people

    async def synchronized(self, event: events.PullRequestEvent, delivery: Delivery) -> Intent:
        """Somebody pushed to a branch. If it was us, the run knows its own commits."""
        found = await self._integrations.by_pull_request(event.repository.full_name, event.number)
        if found is None:
            return NoIntent(why="not a pull request of ours")
        by, sha = await self._actor(event.sender), event.pull_request.head.sha
        version = await self._version_of(found, event.number)
        number = version.version if version else None
        test = None if event.sender.bot else pushes.asked_of(found, sha, delivery, by, version=number)
        if found.stage.terminal and not found.under_way:
            return TestIntent(tests=[test]) if test else NoIntent(why="done by a bot")
        moved = HeadMoved(by=by, head_sha=sha, number=event.number)
        return PushIntent(integration_id=found.id, moved=moved, test=test)

    async def changed(self, event: events.PullRequestEvent, delivery: Delivery) -> Intent:
        found = await self._integrations.by_pull_request(event.repository.full_name, event.number)
        if event.action != "closed" or found is None:
            return NoIntent(why=f"nothing follows from {event.action}")
        if event.pull_request.merged:
            return await self._merged(found, event, delivery)
        return stop(found, await self._actor(event.sender), "the pull request was closed", pull_request=event.number)

    async def _merged(self, found: Integration, event: events.PullRequestEvent, delivery: Delivery) -> Intent:
        """Who merges what waits for review approves it, if they may; when we merge, nothing waits any more."""
        version = await self._version_of(found, event.number)
        newest = (await self._integrations.versions(found.id))[-1:]
        if found.stage is not Stage.REVIEWING or version is None or [version] != newest:
            return NoIntent(why="nothing waits for it")
        pull = event.pull_request
        where = Origin(issue=IssueRef(repo=event.repository.full_name, number=event.number, url=pull.html_url))
        person = await who.known(self._people, event.sender)
        why_not = who.refusal(event.sender.login, person, Permission.RUNS_REVIEW, found)
        same = version.pull_request is not None and version.pull_request.head_sha == pull.head.sha
        if why_not is not None or not same:
            return RefuseIntent(origin=where, reason=why_not or "What was merged is not what waits for review.")
        review = Review(
            id=f"github:merged:{event.number}:{pull.head.sha}",
            reviewer=who.acting(event.sender, person),
            decision=Decision.APPROVE,
            content_hash=version.content_hash,
            comment="Merged it.",
            at=delivery.received_at,
        )
        return ReviewIntent(integration_id=found.id, review=review, origin=where)

    async def reviewed(self, event: events.ReviewEvent, delivery: Delivery) -> Intent:
        decision = _DECISIONS.get(event.review.state)
        repo, number = event.repository.full_name, event.pull_request.number
        integration = await self._integrations.by_pull_request(repo, number)
        if decision is None or integration is None or event.review.user is None:
            return NoIntent(why="not a decision on a pull request of ours")
        if commands.ours(event.review.body):
            return NoIntent(why="our own words")
        where = Origin(issue=IssueRef(repo=repo, number=number, url=event.pull_request.html_url))
        content = await self._content_of(integration, event.review.commit_id)
        if content is None:
            return RefuseIntent(
                origin=where, reason="The review was of another commit than the one that waits for review. Look again."
            )
        person = await who.known(self._people, event.review.user)
        if person is not None:  # whoever is not known here does not count, and the run says why
            why_not = who.refusal(event.review.user.login, person, Permission.RUNS_REVIEW, integration)
            if why_not is not None:
                return RefuseIntent(origin=where, reason=why_not)
        review = Review(
            id=f"github:{event.review.id}",
            reviewer=who.acting(event.review.user, person),
            decision=decision,
            content_hash=content,
            comment=(event.review.body or "")[:10_000],
            at=delivery.received_at,
        )
        return ReviewIntent(integration_id=integration.id, review=review, origin=where)

    async def _content_of(self, integration: Integration, commit: str | None) -> str | None:
        """The content hash that was reviewed, if the review looked at a commit of ours."""
        for version in await self._integrations.versions(integration.id):
            if version.pull_request is not None and version.pull_request.head_sha == commit:
                return version.content_hash
        return None

    async def _version_of(self, integration: Integration, number: int) -> Version | None:
        """The version that the pull request is for."""
        versions = await self._integrations.versions(integration.id)
        return next((one for one in versions if one.pull_request and one.pull_request.number == number), None)

    async def _actor(self, user: events.User) -> Actor:
        return await who.actor(self._people, user)


def stop(found: Integration | None, by: Actor, reason: str, *, pull_request: int | None = None) -> Intent:
    """Stop the run under way; if `pull_request` is given, only the one that has it."""
    if found is None or (found.stage.terminal and not found.under_way):
        return NoIntent(why="no run of ours is under way for it")
    return AbandonIntent(integration_id=found.id, by=by, reason=reason, pull_request=pull_request)
