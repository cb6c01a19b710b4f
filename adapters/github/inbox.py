"""What a delivery of GitHub asks for, in our words. Nothing that our own account did leads to anything."""

from adapters.github import issues, webhooks
from adapters.github.settings import GitHubSettings
from domain import ids
from domain.conversation import Budget
from domain.errors import InvalidInput
from domain.ids import DEFAULT_ORGANIZATION
from domain.intents import AbandonIntent, CreateIntent, Intent, NoIntent, Origin, PushIntent, RefuseIntent, ReviewIntent
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
                return await self._issue(event)
            case webhooks.ReviewEvent():
                return await self._review(event, delivery)
            case webhooks.PullRequestEvent():
                return await self._pull_request(event)
        return NoIntent(why=f"nothing follows from this {delivery.event}")

    async def _issue(self, event: webhooks.IssueEvent) -> Intent:
        issue = event.issue
        where = IssueRef(repo=event.repository.full_name, number=issue.number, url=issue.html_url)
        if issue.pull_request is not None:
            return NoIntent(why="a pull request, not an issue")
        if event.action == "closed":
            return await self._stop(await self._integrations.by_issue(where), event.sender, "the issue was closed")
        wanted = event.label.name if event.label is not None else None
        asks = wanted == self._label or (
            event.action == "opened" and any(label.name == self._label for label in issue.labels)
        )
        if not asks:
            return NoIntent(why=f"not labelled {self._label}")
        return await self._create(event, where)

    async def _create(self, event: webhooks.IssueEvent, where: IssueRef) -> Intent:
        issue = event.issue
        asked = issues.read(issue.body or "")
        if asked.document is None and event.action == "opened":
            # GitHub delivers `opened` and `labeled` at once for an issue opened with its label: the second answers.
            return NoIntent(why="what is missing is told by the delivery of its label")
        if asked.document is None:
            return RefuseIntent(origin=Origin(issue=where), reason=_NO_DOCUMENT)
        create = CreateIntegration(
            # The same issue is the same integration, whichever of its deliveries comes first.
            integration_id=ids.derived("int", f"github:{where.repo}#{where.number}", issue.created_at),
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

    async def _pull_request(self, event: webhooks.PullRequestEvent) -> Intent:
        found = await self._integrations.by_pull_request(event.repository.full_name, event.number)
        if event.action == "synchronize" and found is not None and not found.stage.terminal:
            moved = HeadMoved(by=await self._actor(event.sender), head_sha=event.pull_request.head.sha)
            return PushIntent(integration_id=found.id, moved=moved)
        if event.action != "closed" or event.pull_request.merged:
            return NoIntent(why=f"nothing follows from {event.action}")
        return await self._stop(found, event.sender, "the pull request was closed")

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
