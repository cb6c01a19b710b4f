"""Checks that failed outside: whose commit it is, and what follows. The rules are in `domain.failing`."""

from temporalio import activity

from domain.conversation import Budget
from domain.events import EventType
from domain.failing import CHECK, FailedCheck
from domain.intents import Intent, Interpreted, NoIntent, Origin, RefuseIntent, ReviewIntent, UpdateIntent
from domain.lifecycle import Operation, Stage
from domain.operations import UpdateIntegration, UpdateReason
from domain.ports import Artifacts, CodeHost, Integrations
from domain.registry import Integration, Version
from domain.review import Decision, Review, ReviewPolicy
from domain.vendors import IssueRef, PullRequest


class CheckActivities:
    def __init__(
        self, host: CodeHost, integrations: Integrations, artifacts: Artifacts, *, review: ReviewPolicy, budget: Budget
    ) -> None:
        self._host = host
        self._integrations = integrations
        self._artifacts = artifacts
        self._review = review
        self._budget = budget

    @activity.defn(name="check.resolve")
    async def resolve(self, failed: FailedCheck) -> Interpreted:
        """What follows: changes are asked for, an update is opened, or nothing."""
        for pull in await self._host.pulls_of(failed.repo, failed.sha):
            found = await self._integrations.by_pull_request(pull.repo, pull.number)
            version = None if found is None else await self._version(found, pull)
            if found is not None and version is not None:
                return Interpreted(intent=await self._follows(failed, pull, found, version))
        return Interpreted(intent=NoIntent(why="a commit that is not ours"))

    async def _version(self, found: Integration, pull: PullRequest) -> Version | None:
        versions = await self._integrations.versions(found.id)
        return next((one for one in versions if one.pull_request and one.pull_request.number == pull.number), None)

    async def _follows(self, failed: FailedCheck, pull: PullRequest, found: Integration, version: Version) -> Intent:
        if pull.state == "open":
            return _changes(failed, found, version)
        if pull.state != "merged" or found.version != version.version or found.stage is not Stage.ACTIVE:
            return NoIntent(why=f"{version.version} neither waits for review nor serves")
        where = Origin(issue=IssueRef(repo=pull.repo, number=pull.number, url=pull.url))
        if await self._made_by_a_check(found):
            return RefuseIntent(
                origin=where,
                reason=f"{failed.told()[:2000]}\n\n{version.version} was made because a check failed, so it is not "
                "tried again. `/ccb update WORDS` asks for a version that mends it.",
            )
        return await self._update(failed, found, version, where)

    async def _made_by_a_check(self, found: Integration) -> bool:
        """Whether the newest update of it was asked for by a check; one that people ask for ends that."""
        begun = [one for one in await self._integrations.events(found.id) if one.type is EventType.RUN_STARTED]
        about = [one.data.get("metadata") for one in begun]
        updates = [one for one in about if isinstance(one, dict) and one.get("operation") == Operation.UPDATE]
        return bool(updates) and updates[-1].get("actor") == CHECK.name

    async def _update(self, failed: FailedCheck, found: Integration, version: Version, where: Origin) -> Intent:
        words = f"Version {version.version} serves. {failed.told()}"
        update = UpdateIntegration(
            integration_id=found.id,
            organization_id=found.organization_id,
            requester=CHECK,
            repository=found.repository,
            policy=self._review,
            budget=self._budget,
            request_key=f"check/{failed.sha}",
            reason=UpdateReason(
                kind="check",
                title=f"The check {failed.name} fails on {version.version}"[:300],
                words=words[:20_000],
                evidence=await self._artifacts.put(words.encode(), "text/markdown"),
            ),
        )
        return UpdateIntent(update=update, origin=where)


def _changes(failed: FailedCheck, found: Integration, version: Version) -> Intent:
    """One for each head, however many checks fail on it. People are not told of one that does not count."""
    head = version.pull_request.head_sha if version.pull_request else None
    if found.stage is not Stage.REVIEWING or head != failed.sha:
        return NoIntent(why=f"{version.version} does not wait for review at this commit")
    review = Review(
        id=f"github:check:{failed.sha}",
        reviewer=CHECK,
        decision=Decision.REQUEST_CHANGES,
        content_hash=version.content_hash,
        comment=failed.told()[:10_000],
        at=failed.at,
        kind="check",
    )
    return ReviewIntent(integration_id=found.id, review=review, origin=Origin())
