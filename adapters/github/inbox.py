"""What a delivery of GitHub asks for, in our words. Nothing that our own account did leads to anything."""

from adapters.github import issues, pushes, webhooks
from adapters.github.settings import GitHubSettings
from domain import ids
from domain.conversation import Budget
from domain.errors import InvalidInput, NotFound
from domain.ids import DEFAULT_ORGANIZATION
from domain.intents import (
    AbandonIntent,
    CreateIntent,
    Intent,
    NoIntent,
    Origin,
    PushIntent,
    RefuseIntent,
    ReviewIntent,
    TestIntent,
    UpdateIntent,
)
from domain.lifecycle import Operation, Stage
from domain.operations import UpdateIntegration, UpdateReason
from domain.people import Actor, Channel
from domain.ports import Integrations, People
from domain.registry import Integration
from domain.review import Decision, Review, ReviewPolicy
from domain.runs import CreateIntegration, Delivery, DocumentSource, HeadMoved, IntegrationRequest
from domain.vendors import IssueRef

_DECISIONS = {"approved": Decision.APPROVE, "changes_requested": Decision.REQUEST_CHANGES}
_NO_DOCUMENT = (
    "I cannot begin: the issue does not say where the API's document is. Add a line such as "
    "`API document: https://api.example.com/openapi.json` (OpenAPI 3.x, JSON or YAML) and open a new issue."
)


class GitHubInbox:
    """Implements `domain.ports.Inbox`. An issue with the configured label asks for an integration."""

    def __init__(
        self,
        settings: GitHubSettings,
        integrations: Integrations,
        people: People,
        *,
        policy: ReviewPolicy,
        budget: Budget,
    ) -> None:
        self._label = settings.label
        self._integrations = integrations
        self._people = people
        self._policy = policy
        self._budget = budget

    async def interpret(self, delivery: Delivery, body: bytes) -> Intent:
        try:
            event = webhooks.parse(delivery.event, body)
        except InvalidInput as error:
            return NoIntent(why=error.message)
        if event is None:
            return NoIntent(why=f"nothing follows from this {delivery.event}")
        if event.sender.bot:
            return NoIntent(why="done by a bot")
        match event:
            case webhooks.IssueEvent():
                return await self._issue(event, delivery)
            case webhooks.ReviewEvent():
                return await self._review(event, delivery)
            case webhooks.PullRequestEvent():
                return await self._pull_request(event, delivery)
            case webhooks.PushEvent():
                return await pushes.pushed(event, delivery, await self._actor(event.sender), self._integrations)
        return NoIntent(why=f"nothing follows from this {delivery.event}")

    async def _issue(self, event: webhooks.IssueEvent, delivery: Delivery) -> Intent:
        issue = event.issue
        where = IssueRef(repo=event.repository.full_name, number=issue.number, url=issue.html_url)
        if issue.pull_request is not None:
            return NoIntent(why="a pull request, not an issue")
        if event.action == "closed":
            found = await self._integrations.by_issue(where)
            if found is not None and found.operation is not Operation.CREATE:
                return NoIntent(why="what the issue asked for is done; what is under way is another matter")
            return await self._stop(found, event.sender, "the issue was closed")
        wanted = event.label.name if event.label is not None else None
        asks = wanted == self._label or (
            event.action == "opened" and any(label.name == self._label for label in issue.labels)
        )
        if not asks:
            return NoIntent(why=f"not labelled {self._label}")
        asked = issues.read(issue.body or "")
        meant = None if asked.name is None else await self._living(asked.name)
        if meant is not None and meant.id != _integration_of(issue, where):
            return await self._update(event, where, meant, asked, key=f"github/{delivery.id}")
        return await self._create(event, where, asked)

    async def _living(self, name: str) -> Integration | None:
        """The integration of this name that serves, or that a run changes that serves."""
        try:
            found = await self._integrations.find(name)
        except NotFound:
            return None
        serves = found.stage is Stage.ACTIVE or (not found.stage.terminal and found.operation is not Operation.CREATE)
        return found if serves and found.name == name else None

    async def _update(
        self, event: webhooks.IssueEvent, where: IssueRef, meant: Integration, asked: issues.Asked, *, key: str
    ) -> Intent:
        """An issue that names an integration which serves asks for its next version."""
        issue = event.issue
        if event.action == "opened":
            # GitHub delivers `opened` and `labeled` at once for an issue opened with its label: the second answers.
            return NoIntent(why="an update is begun by the delivery of its label")
        origin = Origin(issue=where)
        if meant.repository.lower() != where.repo.lower() or meant.organization_id != DEFAULT_ORGANIZATION:
            return RefuseIntent(
                origin=origin, reason=f"I cannot update {meant.name} from here: its code is in another repository."
            )
        update = UpdateIntegration(
            integration_id=meant.id,
            organization_id=meant.organization_id,
            requester=await self._actor(issue.user or event.sender),
            repository=meant.repository,
            issue=where,
            policy=self._policy,
            budget=self._budget,
            request_key=key,
            reason=UpdateReason(title=issue.title[:300], words=(issue.body or "")[:100_000]),
            document=None if asked.document is None else DocumentSource(url=asked.document),
        )
        return UpdateIntent(update=update, origin=origin)

    async def _create(self, event: webhooks.IssueEvent, where: IssueRef, asked: issues.Asked) -> Intent:
        issue = event.issue
        if asked.document is None and event.action == "opened":
            # GitHub delivers `opened` and `labeled` at once for an issue opened with its label: the second answers.
            return NoIntent(why="what is missing is told by the delivery of its label")
        if asked.document is None:
            return RefuseIntent(origin=Origin(issue=where), reason=_NO_DOCUMENT)
        create = CreateIntegration(
            integration_id=_integration_of(issue, where),
            organization_id=DEFAULT_ORGANIZATION,
            request=IntegrationRequest(
                title=issue.title[:300],
                description=(issue.body or "")[:100_000],
                document=DocumentSource(url=asked.document),
                name=asked.name,
                base_url=asked.base_url,
            ),
            requester=await self._actor(issue.user or event.sender),
            repository=where.repo,
            issue=where,
            policy=self._policy,
            budget=self._budget,
        )
        return CreateIntent(create=create)

    async def _review(self, event: webhooks.ReviewEvent, delivery: Delivery) -> Intent:
        decision = _DECISIONS.get(event.review.state)
        repo, number = event.repository.full_name, event.pull_request.number
        integration = await self._integrations.by_pull_request(repo, number)
        if decision is None or integration is None or event.review.user is None:
            return NoIntent(why="not a decision on a pull request of ours")
        where = Origin(issue=IssueRef(repo=repo, number=number, url=event.pull_request.html_url))
        content = await self._content_of(integration, event.review.commit_id)
        if content is None:
            return RefuseIntent(
                origin=where, reason="The review was of another commit than the one that waits for review. Look again."
            )
        review = Review(
            id=f"github:{event.review.id}",
            reviewer=await self._actor(event.review.user),
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

    async def _pull_request(self, event: webhooks.PullRequestEvent, delivery: Delivery) -> Intent:
        found = await self._integrations.by_pull_request(event.repository.full_name, event.number)
        if event.action == "synchronize" and found is not None:
            by, sha = await self._actor(event.sender), event.pull_request.head.sha
            version = await self._version_of(found, event.number)
            test = pushes.asked_of(found, sha, delivery, by, version=version)
            if found.stage.terminal:
                return TestIntent(tests=[test])
            return PushIntent(integration_id=found.id, moved=HeadMoved(by=by, head_sha=sha), test=test)
        if event.action != "closed" or event.pull_request.merged:
            return NoIntent(why=f"nothing follows from {event.action}")
        return await self._stop(found, event.sender, "the pull request was closed")

    async def _version_of(self, integration: Integration, number: int) -> str | None:
        """The version that the pull request is for."""
        versions = await self._integrations.versions(integration.id)
        return next((one.version for one in versions if one.pull_request and one.pull_request.number == number), None)

    async def _stop(self, found: Integration | None, sender: webhooks.User, reason: str) -> Intent:
        if found is None or found.stage.terminal:
            return NoIntent(why="no run of ours is under way for it")
        return AbandonIntent(integration_id=found.id, by=await self._actor(sender), reason=reason)

    async def _actor(self, user: webhooks.User) -> Actor:
        person = await self._people.find(Channel.GITHUB, user.login)
        return Actor(
            channel=Channel.GITHUB,
            name=user.login,
            person_id=person.id if person else None,
            bot=user.bot or (person is not None and person.kind == "service"),
        )


def _integration_of(issue: webhooks.Issue, where: IssueRef) -> str:
    """The same issue is the same integration, whichever of its deliveries comes first."""
    return ids.derived("int", f"github:{where.repo}#{where.number}", issue.created_at)
